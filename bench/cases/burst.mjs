import { burst, withWarmPool } from '../load.mjs';
import { sum } from '../tasks/sum.mjs';

export default {
  name: 'burst of 100,000 tiny tasks',
  unit: { throughput: 'tasks/s', submit: 'ms' },
  chart: ['throughput'],
  measure: (contender, options) =>
    withWarmPool(contender.setup, sum, options, async (pool) => {
      const count = options.quick ? 1000 : 100_000;
      // The first one grows the heap and the queues.
      await burst(pool, sum, count);
      return burst(pool, sum, count);
    }),
};
