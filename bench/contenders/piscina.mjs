import { Piscina } from 'piscina';
import { closedGate } from '../gate.mjs';
import { versionOf } from '../version.mjs';

// All else is default, which is what is fast: atomics 'sync', FixedQueue, no limit of the queue.
export function setupPiscina({ handler, workers }, options) {
  const pool = new Piscina({
    filename: handler.href,
    minThreads: workers,
    maxThreads: workers,
    ...options,
  });
  return {
    run: (payload) => pool.run(payload),
    move: (buffer) => pool.run(buffer, { transferList: [buffer] }),
    close: () => pool.close(),
    destroy: () => pool.destroy(),
  };
}

const setup = async (options) => setupPiscina(options);

/** `atomics: 'sync'` stops a thread between tasks, so its readme has `'async'` for tasks that wait. */
export const setupPiscinaWaiting = async (options) =>
  setupPiscina(options, { concurrentTasksPerWorker: options.concurrency, atomics: 'async' });

export default {
  name: 'piscina',
  version: versionOf('piscina'),
  setup,
  start: setup,
  waiting: setupPiscinaWaiting,
  async transfer({ handlers, workers }) {
    const pool = setupPiscina({ handler: handlers.piscina, workers });
    return { ...pool, run: pool.move };
  },
  async queue(options) {
    const pool = setupPiscina(options);
    return { ...pool, ...closedGate(pool, options.workers), submit: pool.run, close: pool.destroy };
  },
};
