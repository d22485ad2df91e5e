'use strict';

// Moves many buffers through a pool, and prints the resident memory of the process before and after, in MB. A scenario is
// run in a process of its own:
//
//     node transfer-load.js rounds | ends | thread

const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { createWorkerPool } = require('../..');

const MB = 1 << 20;
const SIZE = 16 * MB;
const HANDLERS = {
  code: `export default {
    echo: (value) => value,
    drop: ({ byteLength }) => byteLength,
    spin: (bytes) => { for (;;) bytes[0]++; },
    hold: () => new Promise(() => {}),
  };`,
};

const resident = () => Math.round(process.memoryUsage().rss / MB);
const filled = () => new Uint8Array(SIZE).fill(1);
const send = (pool, type, settings) => {
  const payload = filled();
  return pool.submitTask({ type, payload, transfer: [payload.buffer], ...settings });
};
const open = (options) => createWorkerPool({ poolSize: 1, workerScript: HANDLERS, ...options });

const SCENARIOS = {
  /** Buffers that move into the pool and out again, or into it only. */
  async rounds() {
    const pool = await open();
    const round = async () => {
      await send(pool, 'echo');
      await send(pool, 'drop');
    };
    for (let i = 0; i < 5; i++) await round();
    const before = resident();
    for (let i = 0; i < 100; i++) await round();
    const after = resident();
    await pool.shutdown();
    return { before, after };
  },

  /** Tasks that end in every way, before they run and while they run. */
  async ends() {
    const pool = await open({ maxQueue: 6 });
    const all = async () => {
      const controller = new AbortController();
      const tasks = [
        send(pool, 'spin', { timeout: 50 }),
        send(pool, 'echo', { queueTimeout: 10 }),
        send(pool, 'echo', { signal: controller.signal }),
        send(pool, 'nobody'),
        send(pool, 'echo', { delay: 20 }),
        ...Array.from({ length: 6 }, () => send(pool, 'drop')),
      ];
      // While the first one spins.
      setImmediate(() => controller.abort());
      const results = await Promise.allSettled(tasks);
      return results.map(({ reason }) => reason?.code);
    };
    const codes = await all();
    for (const code of [
      'ERR_TASK_TIMEOUT',
      'ERR_QUEUE_TIMEOUT',
      'ERR_TASK_ABORTED',
      'ERR_NO_HANDLER',
      'ERR_QUEUE_FULL',
    ])
      if (!codes.includes(code)) throw new Error(`no task ended with ${code}: ${codes}`);
    const before = resident();
    for (let i = 0; i < 10; i++) await all();
    await Promise.allSettled([send(pool, 'hold'), send(pool, 'echo'), send(pool, 'echo'), pool.shutdown(false)]);
    pool.clearDeadLetterQueue();
    return { before, after: resident() };
  },

  /** Environments that end while a task has the memory. */
  async thread() {
    const once = () =>
      new Promise((resolve, reject) => {
        const worker = new Worker(__filename, { workerData: 'inside' });
        worker.once('message', () => worker.terminate());
        worker.once('error', reject);
        worker.once('exit', resolve);
      });
    for (let i = 0; i < 2; i++) await once();
    const before = resident();
    for (let i = 0; i < 8; i++) await once();
    return { before, after: resident() };
  },
};

async function inside() {
  const pool = await open({ poolSize: 2 });
  const { parentPort } = require('node:worker_threads');
  await send(pool, 'echo');
  pool.on('task-started', () => setTimeout(() => parentPort.postMessage('started'), 20));
  for (const type of ['spin', 'hold', 'echo']) send(pool, type).catch(() => {});
}

if (!isMainThread && workerData === 'inside') inside();
else SCENARIOS[process.argv[2]]().then((figures) => console.log(JSON.stringify(figures)));
