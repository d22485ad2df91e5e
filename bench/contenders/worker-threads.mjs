import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import TinyQueue from 'tinyqueue';
import { closedGate } from '../gate.mjs';
import { Pipeline } from '../pipeline.mjs';

const script = new URL('../workers/threads.mjs', import.meta.url);

/** A thread as a worker of a pipeline, once it is ready. */
async function launch(handler) {
  const worker = new Worker(script, { workerData: handler.href });
  await once(worker, 'message');
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    onMessage: (listen) => worker.on('message', listen),
    onLost(listen) {
      worker.on('error', listen);
      worker.on('exit', listen);
    },
    async end() {
      worker.removeAllListeners('exit');
      await worker.terminate();
    },
  };
}

async function start({ handler, workers, concurrency: depth }, queue) {
  const threads = await Promise.all(Array.from({ length: workers }, () => launch(handler)));
  const pipeline = new Pipeline(threads, { depth, queue });
  return {
    run: (payload, options) => pipeline.run(payload, options),
    close: () => Promise.all(threads.map((thread) => thread.end())),
  };
}

const setup = (options) => start(options);

async function setupTransfer({ handlers, workers }) {
  const pool = await start({ handler: handlers.threads, workers });
  return { ...pool, run: (buffer) => pool.run(buffer, { transfer: [buffer] }) };
}

async function setupQueue(options) {
  const byPriority = new TinyQueue([], (a, b) => a.priority - b.priority || a.order - b.order);
  const pool = await start(options, byPriority);
  return {
    ...pool,
    ...closedGate(pool, options.workers),
    submit: (payload, priority) => pool.run(payload, { priority }),
  };
}

// No library: `node:worker_threads` and what one writes over it by hand.
export default {
  name: 'worker_threads by hand',
  version: process.version,
  setup,
  start: setup,
  waiting: setup,
  transfer: setupTransfer,
  priorities: true,
  queue: setupQueue,
};
