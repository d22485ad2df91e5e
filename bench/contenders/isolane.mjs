import * as isolane from 'isolane';
import { versionOf } from '../version.mjs';

const options = (workers) => ({
  poolSize: workers,
  // The peers queue without a limit; the default of isolane is backpressure.
  maxQueue: 1_000_000,
  // No peer retries.
  maxTaskRetries: 0,
});

export async function setupIsolane({ handler, workers }, { createWorkerPool }) {
  const pool = await createWorkerPool({ ...options(workers), workerScript: handler.href });
  return {
    run: (payload) => pool.submitTask({ type: 'default', payload }),
    close: () => pool.shutdown(),
  };
}

async function setupCode({ code, workers }, isolation, { createWorkerPool }) {
  const pool = await createWorkerPool({ ...options(workers), isolation });
  return {
    run: (inputs) => pool.submitTask({ type: 'javascript', code, inputs }),
    close: () => pool.shutdown(),
  };
}

async function setupCrowd({ code }, { createWorkerPool }) {
  const pools = [];
  return {
    async add(count) {
      pools.push(await createWorkerPool({ ...options(count), maxWorkers: count }));
    },
    async runInEach(payload) {
      let i = 0;
      const tasksOf = (pool) => {
        // All at once, so that no worker takes the task of another one.
        pool.pause();
        const tasks = pool
          .getAllWorkersStatus()
          .map(() => pool.submitTask({ type: 'javascript', code, inputs: payload(i++) }));
        setImmediate(() => pool.resume());
        return tasks;
      };
      const results = await Promise.all(pools.flatMap(tasksOf));
      const lazy = pools.flatMap((pool) => pool.getAllWorkersStatus()).filter((worker) => worker.tasksCompleted !== 1);
      if (lazy.length > 0) throw new Error(`${lazy.length} workers did not run one task each`);
      return results;
    },
    close: () => Promise.all(pools.map((pool) => pool.shutdown())),
  };
}

/** What isolane, of this commit or another, takes part in. */
export const entrant = (name, version, library) => ({
  name,
  version,
  setup: (options) => setupIsolane(options, library),
  realm: (options) => setupCode(options, 'shared', library),
  isolate: (options) => setupCode(options, 'isolate', library),
  crowd: (options) => setupCrowd(options, library),
});

export default entrant('isolane', versionOf('isolane'), isolane);
