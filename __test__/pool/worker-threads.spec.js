'use strict';

// Pools inside node:worker_threads, in a process of their own.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ended, ROOT, runBody } = require('../support/child.js');

const inWorker = (body) =>
  JSON.stringify(`
  const { createWorkerPool } = require(${JSON.stringify(ROOT)});
  const { parentPort } = require('node:worker_threads');
  const start = (options) => createWorkerPool({ poolSize: 2, maxTaskRetries: 0, ...options });
  (async () => {${body}})();
`);

const PRELUDE = "const { Worker } = require('node:worker_threads'); const { once } = require('node:events');";

test('a pool works in a worker thread, which ends when the pool is idle', async () => {
  const child = ended(
    await runBody(`${PRELUDE}
    const worker = new Worker(${inWorker(`
      const pool = await start();
      parentPort.postMessage(await pool.submitTask({ type: 'javascript', code: 'return [1, new Map([[2, 3]]).size]' }));
    `)}, { eval: true });
    worker.on('message', say);
    say(await once(worker, 'exit'));
  `),
  );
  assert.deepEqual(child.said, [[1, 1], [0]]);
});

test('pools of many threads and of the main thread run at the same time', async () => {
  const child = ended(
    await runBody(`${PRELUDE}
    const body = ${inWorker(`
      const pool = await start();
      const results = await pool.submitTasks(Array.from({ length: 200 }, (_, inputs) => ({ type: 'javascript', code: 'return inputs * 2', inputs })));
      parentPort.postMessage(results.every(({ value }, i) => value === i * 2));
      await pool.shutdown();
    `)};
    const workers = Array.from({ length: 4 }, () => new Worker(body, { eval: true }));
    const messages = workers.map(async (worker) => (await once(worker, 'message'))[0]);
    const own = await start();
    say(await Promise.all(messages));
    say(await own.submitTask({ type: 'javascript', code: 'return "own"' }));
    await Promise.all(workers.map((worker) => worker.terminate()));
    say(await own.submitTask({ type: 'javascript', code: 'return "still"' }));
    await own.shutdown();
  `),
  );
  assert.deepEqual(child.said, [[true, true, true, true], 'own', 'still']);
});

for (const [name, tasks] of Object.entries({
  'loops run': `pool.submitTask({ type: 'javascript', code: 'for (;;);' }); pool.submitTask({ type: 'javascript', code: 'for (;;);' });`,
  'promises are awaited': `pool.submitTask({ type: 'javascript', code: 'await new Promise(() => {})' });`,
  'thousands of tasks run': `
    const again = () => pool.submitTask({ type: 'javascript', code: 'console.log(1); return "x".repeat(30000)' }).then(again, () => {});
    pool.on('console', () => {});
    for (let i = 0; i < 50; i++) again();`,
  'it shuts down': `pool.submitTask({ type: 'javascript', code: 'for (;;);' }).catch(() => {}); pool.shutdown();`,
})) {
  test(`terminate() of a thread whose pool is busy (${name}) harms neither the process nor other pools`, async () => {
    const child = ended(
      await runBody(`${PRELUDE}
      const own = await start();
      const code = ${inWorker(`
        const pool = await start({ maxQueue: 10000 });
        pool.once('task-started', () => parentPort.postMessage('started'));
        ${tasks}
      `)};
      for (let i = 0; i < 5; i++) {
        const worker = new Worker(code, { eval: true });
        worker.on('error', (error) => say(String(error)));
        await once(worker, 'message');
        await worker.terminate();
        say(await own.submitTask({ type: 'javascript', code: 'return inputs', inputs: i }));
      }
    `),
    );
    assert.deepEqual(child.said, [0, 1, 2, 3, 4]);
  });
}

test('terminate() of a thread while its pool starts', async () => {
  const child = ended(
    await runBody(`${PRELUDE}
    for (let i = 0; i < 8; i++) {
      const worker = new Worker(${inWorker("parentPort.postMessage('go'); await start({ poolSize: 4 });")}, { eval: true });
      await once(worker, 'message');
      for (let turn = 0; turn < i; turn++) await new Promise((resolve) => setTimeout(resolve, 2));
      await worker.terminate();
    }
    const pool = await start();
    say(await pool.submitTask({ type: 'javascript', code: 'return 1' }));
  `),
  );
  assert.deepEqual(child.said, [1]);
});

test('process.exit() of the main thread while pools of threads are busy', async () => {
  ended(
    await runBody(`${PRELUDE}
    const code = ${inWorker(`
      const pool = await start();
      pool.once('task-started', () => parentPort.postMessage('started'));
      pool.submitTask({ type: 'javascript', code: 'for (;;);' });
    `)};
    const workers = [new Worker(code, { eval: true }), new Worker(code, { eval: true })];
    await Promise.all(workers.map((worker) => once(worker, 'message')));
    process.exit(7);
  `),
    7,
  );
});

test('process.exit() of a thread, and an exception in it, end its pool', async () => {
  const child = ended(
    await runBody(`${PRELUDE}
    for (const last of ['process.exit(3)', 'throw new Error("mine")']) {
      const worker = new Worker(${inWorker(`
        const pool = await start();
        pool.once('task-started', () => setImmediate(() => { LAST; }));
        pool.submitTask({ type: 'javascript', code: 'for (;;);' }).catch(() => {});
      `)}.replace('LAST', last), { eval: true });
      worker.on('error', (error) => say(error.message));
      await new Promise((resolve) => worker.on('exit', (code) => { say(code); resolve(); }));
    }
  `),
  );
  assert.deepEqual(child.said, [3, 'mine', 1]);
});

const skip = process.platform === 'linux' ? false : 'nothing is lent, and threads have no names to be found by';
test('memory that a thread uses after its environment has ended is not freed', {
  skip,
  timeout: 90_000,
}, async () => {
  const child = ended(
    await runBody(
      `${PRELUDE}
    const { readdirSync, readFileSync } = require('node:fs');
    // One call of a built-in that cannot be interrupted, longer than the end of an environment waits for threads.
    const worker = new Worker(${inWorker(`
      const pool = await start({ poolSize: 1, workerMemoryLimitMB: 1024 });
      const inputs = new Float64Array(2 ** 25);
      for (let i = 0, last = 1; i < inputs.length; i++) inputs[i] = last = (last * 48271) % 2147483647;
      pool.once('console', () => parentPort.postMessage('started'));
      const code = 'console.log("now"); inputs.sort()';
      pool.submitTask({ type: 'javascript', code, inputs, transfer: [inputs.buffer] });
    `)}, { eval: true });
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await worker.terminate();
    const isRunning = () => readdirSync('/proc/self/task').some((id) => {
      try {
        return readFileSync('/proc/self/task/' + id + '/comm', 'utf8') === 'isolane-0\\n';
      } catch {}
    });
    say(isRunning());
    while (isRunning()) {
      const buffers = Array.from({ length: 4 }, () => new Float64Array(2 ** 23).fill(1));
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (!buffers.every((numbers) => numbers.every((number) => number === 1))) say('overwritten');
    }
    say('alive');
  `,
      { limit: 80_000 },
    ),
  );
  assert.deepEqual(child.said, [true, 'alive']);
});
