import { runWindow, withWarmPool } from '../load.mjs';
import { sum } from '../tasks/sum.mjs';

export default {
  name: 'tiny tasks, 64 in flight',
  unit: { throughput: 'tasks/s' },
  // For a time and not for a number of tasks, so that the fast are not measured for less long.
  measure: (contender, options) =>
    withWarmPool(contender, sum, options, async (pool) => {
      const start = performance.now();
      const end = start + (options.quick ? 50 : 2000);
      const tasks = await runWindow(pool, sum, 64, () => performance.now() < end);
      return { throughput: (tasks / (performance.now() - start)) * 1000 };
    }),
};
