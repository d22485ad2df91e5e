'use strict';

// In a process of its own, whose threads are counted.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');

const skip = process.platform === 'linux' ? false : 'threads are counted in /proc/self/task';

test('fifty pools one after another leave no thread behind', { skip, timeout: 60_000 }, async () => {
  const child = ended(
    await runBody(
      `
    const { readdirSync } = require('node:fs');
    const threads = () => readdirSync('/proc/self/task').length;
    const round = async (i) => {
      const pool = await start({ poolSize: 2 });
      if (await pool.submitTask({ type: 'javascript', code: 'return inputs', inputs: i }) !== i) throw new Error('wrong');
      await pool.shutdown(i % 2 === 0);
    };
    await round(0); // V8's own threads stay.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = threads();
    for (let i = 0; i < 50; i++) await round(i);
    const until = Date.now() + 5000;
    while (threads() > before && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    say(Math.max(0, threads() - before));
  `,
      { limit: 50_000 },
    ),
  );
  assert.deepEqual(child.said, [0]);
});

test('shutdown() resolves when all threads of the pool have ended', { skip }, async () => {
  const child = ended(
    await runBody(`
    const { readdirSync, readFileSync } = require('node:fs');
    const ours = () => readdirSync('/proc/self/task').filter((id) => {
      try { return readFileSync('/proc/self/task/' + id + '/comm', 'utf8').startsWith('isolane'); } catch { return false; }
    }).length;
    for (let i = 0; i < 10; i++) {
      await (await start({ poolSize: 2 })).shutdown(i % 2 === 0);
      say(ours());
    }
  `),
  );
  assert.deepEqual(child.said, Array(10).fill(0));
});

test('pools that failed to start leave no thread behind', { skip }, async () => {
  const child = ended(
    await runBody(`
    const { readdirSync } = require('node:fs');
    const threads = () => readdirSync('/proc/self/task').length;
    const round = () => start({ poolSize: 2, workerScript: { code: 'throw 1' } }).catch(() => {});
    await (await start()).shutdown();
    const before = threads();
    for (let i = 0; i < 10; i++) await round();
    const until = Date.now() + 5000;
    while (threads() > before && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    say(Math.max(0, threads() - before));
  `),
  );
  assert.deepEqual(child.said, [0]);
});

test('ten pools at the same time each run their own tasks', async () => {
  const child = ended(
    await runBody(`
    const pools = await Promise.all(Array.from({ length: 10 }, (_, i) => start({ workerScript: { code: 'export default (n) => n * ' + i } })));
    const results = await Promise.all(pools.map((pool, i) => Promise.all([1, 2, 3].map((payload) => pool.submitTask({ type: 'x', payload })))));
    say(results.every((list, i) => list.join() === [i, 2 * i, 3 * i].join()));
    await Promise.all(pools.map((pool, i) => pool.shutdown(i % 2 === 0)));
  `),
  );
  assert.deepEqual(child.said, [true]);
});

test('a pool starts and ends while another is busy', async () => {
  const child = ended(
    await runBody(`
    const busy = await start();
    const loop = busy.submitTask({ type: 'javascript', code: 'for (;;);' }).catch((error) => error.code);
    for (let i = 0; i < 5; i++) await (await start()).shutdown();
    await busy.shutdown(false);
    say(await loop);
  `),
  );
  assert.deepEqual(child.said, ['ERR_POOL_CLOSED']);
});

test('a hundred pools that are never closed end with the process', { timeout: 60_000 }, async () => {
  const child = ended(
    await runBody(
      `
    for (let i = 0; i < 100; i++) await start();
    say('started');
  `,
      { limit: 50_000 },
    ),
  );
  assert.deepEqual(child.said, ['started']);
});
