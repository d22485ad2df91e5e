import { burst, withWarmPool } from '../load.mjs';
import { medianOf } from '../result.mjs';
import { sum } from '../tasks/sum.mjs';

/** Pairs of a batch and a burst, one after the other: what slows one down slows the other. */
const PAIRS = 3;

async function batch(pool, task, count) {
  const start = performance.now();
  const results = await pool.runAll(Array.from({ length: count }, (_, i) => task.payload(i)));
  const end = performance.now();
  if (results.length !== count) throw new Error(`${results.length} of ${count} gave a result`);
  results.forEach(task.check);
  return (count / (end - start)) * 1000;
}

export default {
  name: 'batch of 100,000 tiny tasks in one call, beside a burst of as many in the same process',
  unit: { throughput: 'tasks/s', burst: 'tasks/s', gain: '× burst' },
  chart: ['throughput', 'burst'],
  needs: 'batch',
  baseline: 'isolane',
  measure: (contender, options) =>
    withWarmPool(contender.batch, sum, options, async (pool) => {
      const count = options.quick ? 1000 : 100_000;
      const pairs = [];
      for (let pair = 0; pair <= PAIRS; pair++) {
        const one = await batch(pool, sum, count);
        const { throughput } = await burst(pool, sum, count);
        // The first two grow the heap and the queues.
        if (pair > 0) pairs.push({ throughput: one, burst: throughput, gain: one / throughput });
      }
      const median = (figure) => medianOf(pairs.map((pair) => pair[figure]));
      return { throughput: median('throughput'), burst: median('burst'), gain: median('gain') };
    }),
};
