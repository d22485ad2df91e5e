'use strict';

// Each in a process of its own: what goes wrong here takes the process with it.

const assert = require('node:assert/strict');
const { describe, test } = require('./support/test.js');
const { ended, runBody } = require('./support/child.js');

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

describe('what asks for too much at once never takes the process with it', () => {
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

test('the memory of ended tasks is given back: a thousand tasks of 1 MB run in one isolate', async () => {
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
