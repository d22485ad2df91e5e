import { checkout } from '../checkout.mjs';

/** isolane's default is backpressure; the peers queue without a limit. */
const MAX_QUEUE = 2_000_000;

const options = (workers) => ({
  poolSize: workers,
  maxQueue: MAX_QUEUE,
  // No peer retries.
  maxTaskRetries: 0,
});

export async function setupIsolane({ handler, workers, concurrency = 1 }, { createWorkerPool }) {
  const pool = await createWorkerPool({
    ...options(workers),
    workerScript: handler.href,
    tasksPerWorker: concurrency,
  });
  return {
    run: (payload) => pool.submitTask({ type: 'default', payload }),
    close: () => pool.shutdown(),
  };
}

async function setupBatch({ handler, workers }, { createWorkerPool }) {
  const pool = await createWorkerPool({ ...options(workers), workerScript: handler.href });
  return {
    run: (payload) => pool.submitTask({ type: 'default', payload }),
    async runAll(payloads) {
      const settled = await pool.submitTasks(payloads.map((payload) => ({ type: 'default', payload })));
      return settled.map(({ status, value, reason }) => {
        if (status === 'rejected') throw reason;
        return value;
      });
    },
    close: () => pool.shutdown(),
  };
}

async function setupTransfer({ handlers, workers, memoryMB }, { createWorkerPool }) {
  const pool = await createWorkerPool({
    ...options(workers),
    workerScript: handlers.isolane.href,
    workerMemoryLimitMB: memoryMB,
  });
  return {
    run: (payload) => pool.submitTask({ type: 'default', payload, transfer: [payload] }),
    close: () => pool.shutdown(),
  };
}

async function setupQueue({ handler, workers }, { createWorkerPool }) {
  const pool = await createWorkerPool({ ...options(workers), workerScript: handler.href });
  return {
    hold: async () => pool.pause(),
    submit: (payload, priority) => pool.submitTask({ type: 'default', payload, priority }),
    release: async () => pool.resume(),
    close: () => pool.shutdown(false),
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
  priorities: true,
  setup: (options) => setupIsolane(options, library),
  start: (options) => setupIsolane(options, library),
  batch: (options) => setupBatch(options, library),
  transfer: (options) => setupTransfer(options, library),
  waiting: (options) => setupIsolane(options, library),
  queue: (options) => setupQueue(options, library),
  realm: (options) => setupCode(options, 'shared', library),
  isolate: (options) => setupCode(options, 'isolate', library),
  crowd: (options) => setupCrowd(options, library),
});

/** This package, or a built checkout of another commit. */
const isolane = process.env.ISOLANE_AFTER ? checkout(process.env.ISOLANE_AFTER) : await import('isolane');

export default entrant('isolane', isolane.version, isolane);
