import { throughputOf, withWarmPool } from '../load.mjs';
import { sum } from '../tasks/sum.mjs';

export default {
  name: 'tiny tasks, 64 in flight',
  unit: { throughput: 'tasks/s' },
  measure: (contender, options) =>
    withWarmPool(contender.setup, sum, options, async (pool) => ({
      throughput: await throughputOf(pool, sum, 64, options.quick ? 50 : 2000),
    })),
};
