import isolane from './index.js';

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
