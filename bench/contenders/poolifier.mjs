import { fileURLToPath } from 'node:url';
import { FixedThreadPool } from 'poolifier';
import { versionOf } from '../version.mjs';

const script = fileURLToPath(new URL('../workers/poolifier.mjs', import.meta.url));

export function setupPoolifier({ handler, workers }, options) {
  let left = workers;
  let ended;
  const allEnded = new Promise((resolve) => {
    ended = resolve;
  });
  const pool = new FixedThreadPool(workers, script, {
    errorHandler: (error) => console.error(error),
    exitHandler() {
      if (--left === 0) ended();
    },
    workerOptions: { workerData: handler.href },
    ...options,
  });
  return {
    run: (payload) => pool.execute(payload),
    // With 5.3, `destroy()` now and then stays open though all workers have ended.
    close() {
      pool.destroy().catch(console.error);
      return allEnded;
    },
  };
}

const setup = async (options) => setupPoolifier(options);

// Defaults: LEAST_USED, and no queue; a task goes to a worker's port as soon as it is there.
export default {
  name: 'poolifier',
  version: versionOf('poolifier'),
  setup,
  start: setup,
  waiting: setup,
};
