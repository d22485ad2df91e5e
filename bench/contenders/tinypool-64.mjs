import tinypool, { setupTinypool } from './tinypool.mjs';

// Its readme refers to piscina's for what is not its own: the same setting, and what it does to tiny tasks.
export default {
  name: 'tinypool, 64 per worker',
  version: tinypool.version,
  setup: async (options) => setupTinypool(options, { concurrentTasksPerWorker: 64 }),
};
