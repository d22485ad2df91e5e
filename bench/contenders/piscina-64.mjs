import piscina, { setupPiscina } from './piscina.mjs';

// A worker may hold 64 tasks, which keeps it fed while the main thread is busy.
export default {
  name: 'piscina, 64 per worker',
  version: piscina.version,
  setup: async (options) => setupPiscina(options, { concurrentTasksPerWorker: 64 }),
};
