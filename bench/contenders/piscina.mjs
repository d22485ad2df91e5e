import { Piscina } from 'piscina';
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
    close: () => pool.close(),
  };
}

export default {
  name: 'piscina',
  version: versionOf('piscina'),
  setup: async (options) => setupPiscina(options),
};
