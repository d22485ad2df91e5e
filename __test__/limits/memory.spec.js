'use strict';

// The memory limit of isolates. The tests run in child processes, which a failure would end.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');

describe('a task that takes all memory rejects with ERR_MEMORY_LIMIT and the pool goes on', () => {
  for (const [name, code] of Object.entries({
    'an array that grows': 'const all = []; for (;;) all.push({ n: all.length });',
    'an array that grows, after an await': 'await null; const all = []; for (;;) all.push({ n: all.length });',
    'an array that grows in a timer':
      'await new Promise(() => setTimeout(() => { const all = []; for (;;) all.push({ n: all.length }); }, 1))',
    'strings that are kept': 'const all = []; for (let i = 0; ; i++) all.push(("x" + i).repeat(1000).split(""));',
    'a Map that grows': 'const all = new Map(); for (let i = 0; ; i++) all.set(i, { i });',
    'closures that are kept':
      'const all = []; for (;;) { const big = new Array(1000).fill(all.length); all.push(() => big); }',
    'promises that are kept': 'const all = []; for (;;) all.push(new Promise(() => {}));',
    'a hog that catches everything':
      'const all = []; for (;;) { try { for (;;) all.push([1, 2, 3]); } catch {} finally {} }',
  })) {
    test(name, async () => {
      const child = ended(
        await runBody(`
        const pool = await start({ workerMemoryLimitMB: 32 });
        const run = (code) => pool.submitTask({ type: 'javascript', code, timeout: 20000 });
        const [before, hog, after] = await Promise.allSettled([run('return 1'), run(${JSON.stringify(code)}), run('return 2')]);
        say([before.value, hog.reason?.code ?? hog.value, after.value, await run('return 3')]);
        await pool.shutdown();
      `),
      );
      assert.deepEqual(child.said, [[1, 'ERR_MEMORY_LIMIT', 2, 3]]);
    });
  }
});

describe('a single allocation that is too large never ends the process', () => {
  for (const [name, code] of Object.entries({
    'a huge array': 'return new Array(2 ** 28).fill(1.5).length',
    'a huge string': 'return "x".repeat(2 ** 29 - 24).length',
    'a huge flat string': 'let s = "x".repeat(2 ** 28); return /y$/.test(s)',
    'a huge JSON text': 'return JSON.stringify(new Array(5e6).fill({ a: 1 })).length',
    'a huge split': 'return "x".repeat(2 ** 25).split("").length',
    'a huge result': 'return Array.from({ length: 3e6 }, (_, n) => ({ n }))',
    'a huge ArrayBuffer': 'return new ArrayBuffer(2 ** 40).byteLength',
    'many ArrayBuffers':
      'const all = []; for (let i = 0; i < 200; i++) all.push(new ArrayBuffer(2 ** 20)); return all.length',
    'a huge sort': 'return Array.from({ length: 4e6 }, Math.random).sort().length',
    'a huge regular expression match': 'return "x".repeat(2 ** 24).match(/x/g).length',
    'a huge BigInt': 'return String(2n ** (2n ** 24n)).length',
    'a huge spread': 'return Math.max(...new Array(1e7).fill(1))',
    'a huge structuredClone': 'return structuredClone(new Array(3e6).fill(0).map((_, n) => ({ n }))).length',
  })) {
    test(name, async () => {
      const child = ended(
        await runBody(`
        const pool = await start({ workerMemoryLimitMB: 32 });
        const run = (code, timeout = 20000) => pool.submitTask({ type: 'javascript', code, timeout });
        await run(${JSON.stringify(code)}, 3000).catch((error) => say(error.code));
        say(await run('return 3'));
        await pool.shutdown();
      `),
      );
      assert.equal(child.said.at(-1), 3);
    });
  }

  test('a payload that is larger than the heap', async () => {
    const child = ended(
      await runBody(`
      const pool = await start({ workerMemoryLimitMB: 32, workerScript: { code: 'export default { size: (list) => list.length }' } });
      const payload = Array.from({ length: 2e6 }, (_, n) => ({ n }));
      await pool.submitTask({ type: 'size', payload }).then(say, (error) => say(error.code));
      say(await pool.submitTask({ type: 'size', payload: [1] }));
      await pool.shutdown();
    `),
    );
    assert.deepEqual(child.said, ['ERR_MEMORY_LIMIT', 1]);
  });
});

test('a worker over its threshold after a task is replaced', async () => {
  const child = ended(
    await runBody(`
    const pool = await start({
      workerMemoryLimitMB: 64,
      workerRestartMemoryMB: 20,
      workerScript: { code: 'const kept = []; export default { keep() { for (let i = 0; i < 1e6; i++) kept.push({ i }); return kept.length; } }' },
    });
    const restarted = new Promise((resolve) => pool.once('worker-restarted', resolve));
    // An idle pool does not keep the process alive.
    const timer = setInterval(() => {}, 1000);
    say(await pool.submitTask({ type: 'keep' }));
    const { reason, generation } = await restarted;
    clearInterval(timer);
    say([reason, generation]);
    say(await pool.submitTask({ type: 'keep' }));
    await pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, [1e6, ['memory-threshold', 2], 1e6]);
});

test('the memory of ended tasks is released: a thousand tasks of 1 MB run in one isolate', async () => {
  const child = ended(
    await runBody(`
    const pool = await start({ workerMemoryLimitMB: 64, maxQueue: 2000 });
    const code = 'return new Array(1e5).fill(0).map((_, n) => n + inputs).length';
    const results = await pool.submitTasks(Array.from({ length: 1000 }, (_, inputs) => ({ type: 'javascript', code, inputs })));
    say(results.filter(({ value }) => value === 1e5).length);
    await pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, [1000]);
});

describe('memory-alert', () => {
  const KEEP = `{ code: \`
    let kept = [];
    const keep = (mb) => { for (let i = 0; i < mb; i++) kept.push(new Array(131072).fill(i)); };
    export default {
      keep(mb) { keep(mb); return kept.length; },
      buffers(mb) { for (let i = 0; i < mb; i++) kept.push(new ArrayBuffer(1 << 20)); },
      async steps({ mb, ms }) { keep(mb); for (let i = 0; i < ms; i += 10) await new Promise((r) => setTimeout(r, 10)); kept = []; },
      loop({ mb, ms }) { keep(mb); const end = Date.now() + ms; while (Date.now() < end); kept = []; },
      hog() { for (;;) kept.push({}); },
      tiny: () => 1,
    };
  \` }`;
  const START = `
    const seen = [];
    const listen = (pool) => {
      for (const name of ['memory-alert', 'worker-restarted']) pool.on(name, (details) => seen.push([name, details]));
      return pool;
    };
    const restarted = (pool) => new Promise((resolve) => pool.once('worker-restarted', resolve));
    // An idle pool does not keep the process alive.
    const timer = setInterval(() => {}, 1000);
  `;
  const END = 'clearInterval(timer); await pool.shutdown(); say(seen);';
  const run = async (body) => ended(await runBody(`${START}${body}${END}`)).said.at(-1);

  for (const [name, task] of [
    ['objects', "{ type: 'keep', payload: 30 }"],
    ['ArrayBuffers', "{ type: 'buffers', payload: 30 }"],
  ]) {
    test(`of the threshold: a task has left too many ${name}, and its worker is replaced`, async () => {
      const seen = await run(`
      const pool = listen(await start({ workerMemoryLimitMB: 64, workerRestartMemoryMB: 20, workerScript: ${KEEP} }));
      const again = restarted(pool);
      // After so small a task the memory may not be measured.
      pool.submitTask(${task});
      await pool.submitTask({ type: 'javascript', code: 'const end = Date.now() + 5; while (Date.now() < end);' });
      await again;
      await pool.submitTask({ type: 'tiny' });
    `);
      const [[first, { heapUsedMB, externalMB, ...alert }], ...others] = seen;
      assert.deepEqual(
        [first, alert],
        ['memory-alert', { workerId: 0, reason: 'threshold', thresholdMB: 20, limitMB: 64 }],
      );
      assert.ok(heapUsedMB + externalMB > 30 && heapUsedMB + externalMB < 60, `${heapUsedMB}, ${externalMB}`);
      assert.ok((name === 'objects' ? heapUsedMB : externalMB) >= 30, `${heapUsedMB}, ${externalMB}`);
      assert.deepEqual(others, [['worker-restarted', { workerId: 0, generation: 2, reason: 'memory-threshold' }]]);
    });
  }

  for (const [name, type] of [
    ['goes on in steps', 'steps'],
    ['computes', 'loop'],
  ]) {
    test(`of the threshold: comes while a task ${name}, once until it is below again`, async () => {
      const seen = await run(`
      const pool = listen(await start({ workerMemoryLimitMB: 64, workerRestartMemoryMB: 20, workerScript: ${KEEP} }));
      const alerted = new Promise((resolve) => pool.once('memory-alert', () => resolve('alerted')));
      const task = pool.submitTask({ type: '${type}', payload: { mb: 30, ms: 800 } });
      seen.push(await Promise.race([alerted, task.then(() => 'ended')]));
      await task;
    `);
      assert.ok(seen.includes('alerted'), JSON.stringify(seen));
      const alerts = seen.filter(([event]) => event === 'memory-alert');
      // A garbage collection in between may have brought it below the threshold.
      assert.ok(alerts.length >= 1 && alerts.length <= 3, JSON.stringify(seen));
      assert.equal(alerts[0][1].reason, 'threshold');
      assert.ok(alerts[0][1].heapUsedMB > 20, JSON.stringify(alerts));
    });
  }

  test('of the limit: a task was ended because of it', async () => {
    const seen = await run(`
    const pool = listen(await start({ workerMemoryLimitMB: 32, workerRestartMemoryMB: 32, workerScript: ${KEEP} }));
    const again = restarted(pool);
    await pool.submitTask({ type: 'hog' }).catch((error) => say(error.code));
    await again;
  `);
    const limit = seen.filter(([event, { reason }]) => event === 'memory-alert' && reason === 'limit');
    assert.equal(limit.length, 1, JSON.stringify(seen));
    const { heapUsedMB, externalMB, ...alert } = limit[0][1];
    assert.deepEqual(alert, { workerId: 0, reason: 'limit', thresholdMB: 32, limitMB: 32 });
    assert.ok(heapUsedMB > 16 && externalMB >= 0, `${heapUsedMB}, ${externalMB}`);
    assert.deepEqual(seen.at(-1), ['worker-restarted', { workerId: 0, generation: 2, reason: 'memory-limit' }]);
  });

  test('is not emitted for a pool below its threshold', async () => {
    const seen = await run(`
    const pool = listen(await start({ workerMemoryLimitMB: 128, workerScript: ${KEEP} }));
    for (let i = 0; i < 5; i++) {
      await pool.submitTask({ type: 'javascript', code: 'return new Array(1e6).fill(0).map((_, n) => n).length' });
    }
  `);
    assert.deepEqual(seen, []);
  });
});

test('source texts of ended tasks take little of the memory of later tasks', async () => {
  const child = ended(
    await runBody(`
    const pool = await start({ workerMemoryLimitMB: 32 });
    const run = (code) => pool.submitTask({ type: 'javascript', code });
    const most = 'const all = []; for (let i = 0; i < 14000; i++) all.push(new Array(120).fill(i)); return all.length';
    for (let i = 0; i < 8; i++) {
      const text = 'return "' + 'x'.repeat(2e6) + i + '".length';
      say([await run(text), await run(most)]);
    }
    say(pool.getWorkerStatus(0).generation);
    await pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, [...Array(8).fill([2e6 + 1, 14_000]), 1]);
});
