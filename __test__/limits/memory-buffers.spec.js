'use strict';

// ArrayBuffers and WebAssembly memory count as memory of the isolate, as its heap does. The tests run in child processes,
// which a failure would end.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');

const GROWN = `new WebAssembly.Memory({ initial: 1600 })`;

describe('a task that takes too much outside the heap rejects with ERR_MEMORY_LIMIT, and its worker goes on', () => {
  for (const [name, code] of Object.entries({
    'one ArrayBuffer': 'return new ArrayBuffer(2 ** 30).byteLength',
    'many ArrayBuffers': 'const all = []; for (;;) all.push(new ArrayBuffer(2 ** 20))',
    'many small ones': 'const all = []; for (;;) all.push(new Uint8Array(1000).fill(1))',
    'a hog that catches everything':
      'const all = []; for (;;) { try { for (;;) all.push(new ArrayBuffer(1e6)); } catch {} }',
    'buffers that an API makes':
      'const text = "x".repeat(1e6), all = []; for (;;) all.push(new TextEncoder().encode(text))',
    'WebAssembly memories': `const all = []; for (;;) { const m = ${GROWN}; new Uint8Array(m.buffer).fill(1); all.push(m) }`,
  })) {
    test(name, async () => {
      const child = ended(
        await runBody(`
        const workerScript = { code: 'let n = 0; export const count = () => ++n' };
        const pool = await start({ workerMemoryLimitMB: 64, workerScript });
        const run = (code) => pool.submitTask({ type: 'javascript', code, timeout: 20000 });
        say(await pool.submitTask({ type: 'count' }));
        await run(${JSON.stringify(code)}).then(say, (error) => say(error.code));
        say(await pool.submitTask({ type: 'count' }));
        await pool.shutdown();
      `),
      );
      assert.deepEqual(child.said, [1, 'ERR_MEMORY_LIMIT', 2]);
    });
  }
});

test('a payload of buffers that is larger than the limit', async () => {
  const child = ended(
    await runBody(`
    const pool = await start({ workerMemoryLimitMB: 32, workerScript: { code: 'export default { size: (bytes) => bytes.length }' } });
    const size = (length) => pool.submitTask({ type: 'size', payload: new Uint8Array(length) });
    await size(64 << 20).then(say, (error) => say(error.code));
    say(await size(16 << 20));
    await pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, ['ERR_MEMORY_LIMIT', 16 << 20]);
});

test('garbage does not count: gigabytes pass through one worker, in many tasks and within one', async () => {
  const child = ended(
    await runBody(`
    const pool = await start({ workerMemoryLimitMB: 64, maxQueue: 2000 });
    const code = 'return new Uint8Array(16 << 20).fill(1).length';
    const tasks = Array.from({ length: 200 }, () => ({ type: 'javascript', code }));
    say((await pool.submitTasks(tasks)).filter(({ value }) => value === 16 << 20).length);
    const loop = 'let n = 0; for (; n < 200; n++) new Uint8Array(16 << 20).fill(1); return n';
    say(await pool.submitTask({ type: 'javascript', code: loop }));
    say(pool.getWorkerStatus(0).generation);
    await pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, [200, 200, 1]);
});

test('a worker in which a task left an operation that does not end is replaced', async () => {
  const child = ended(
    await runBody(`
    const pool = await start({});
    const restarted = new Promise((resolve) => pool.once('worker-restarted', resolve));
    // An idle pool does not keep the process alive.
    const timer = setInterval(() => {}, 1000);
    const code = \`
      const way = new MessageChannel(), moved = new MessageChannel();
      await new Promise((go) => {
        way.port1.onmessage = ({ ports }) => { ports[0].onmessage = () => {}; go(); };
        way.port2.postMessage(0, [moved.port1, moved.port2]);
      });
      return 1\`;
    say(await pool.submitTask({ type: 'javascript', code }));
    say((await restarted).reason);
    clearInterval(timer);
    say(await pool.submitTask({ type: 'javascript', code: 'return 2' }));
    await pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, [1, 'pending-work', 2]);
});

test('pending work of the worker script itself does not replace the worker', async () => {
  const child = ended(
    await runBody(`
    const pool = await start({ workerScript: { code: \`
      let ticks = 0;
      setInterval(() => ticks++, 10);
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {};
      export default { ticks: () => ticks };
    \` } });
    const ticks = () => pool.submitTask({ type: 'ticks' });
    const first = await ticks();
    await new Promise((resolve) => setTimeout(resolve, 6000));
    say([(await ticks()) > first + 100, pool.getWorkerStatus(0).generation]);
    await pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, [[true, 1]]);
});
