import { createRequire } from 'node:module';

// Not imported: what CommonJS throws while it is imported, Node 20 reports as uncaught besides, whoever catches it.
const isolane = createRequire(import.meta.url)('./index.js');

export const {
  createWorkerPool,
  WorkerPool,
  IsolaneError,
  TASK_DEFAULTS,
  version,
  versions,
  submitTask,
  getPoolMetrics,
  scaleUp,
  scaleDown,
  shutdown,
} = isolane;
export default isolane;
