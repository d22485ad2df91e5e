import { WorkerChoiceStrategies } from 'poolifier';
import poolifier, { setupPoolifier } from './poolifier.mjs';

const QUEUE = { enableTasksQueue: true, workerChoiceStrategy: WorkerChoiceStrategies.LEAST_USED };

const setup = async (options) => setupPoolifier(options, QUEUE);

// What its own benchmark against other pools sets.
export default {
  name: 'poolifier, tasks queue',
  version: poolifier.version,
  setup,
  start: setup,
  waiting: async (options) =>
    setupPoolifier(options, { ...QUEUE, tasksQueueOptions: { concurrency: options.concurrency } }),
};
