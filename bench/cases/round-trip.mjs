import { Bench } from 'tinybench';
import { withWarmPool } from '../load.mjs';
import { sum } from '../tasks/sum.mjs';

export default {
  name: 'round trip, one task at a time',
  unit: { median: 'µs', p99: 'µs' },
  measure: (contender, options) =>
    withWarmPool(contender.setup, sum, options, async (pool) => {
      // tinybench keeps the time of every single task, so its p99 is exact and no histogram is
      // needed. mitata would time batches of 4096 where one task takes less than 65 µs: no p99.
      const bench = new Bench(options.quick ? { time: 50, warmupTime: 10 } : { time: 2000, warmupTime: 500 });
      let i = 0;
      bench.add('round trip', async () => {
        const n = i++;
        sum.check(await pool.run(sum.payload(n)), n);
      });
      bench.throws = true;
      const [{ result }] = await bench.run();
      return { median: result.latency.p50 * 1000, p99: result.latency.p99 * 1000 };
    }),
};
