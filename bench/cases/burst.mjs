import { withWarmPool } from '../load.mjs';
import { sum } from '../tasks/sum.mjs';

/** Submits all tasks in one turn and awaits them; `submit` is how long the event loop is blocked. */
async function burst(pool, task, count) {
  const promises = new Array(count);
  const start = performance.now();
  for (let i = 0; i < count; i++) promises[i] = pool.run(task.payload(i));
  const submitted = performance.now();
  const results = await Promise.all(promises);
  const end = performance.now();
  results.forEach(task.check);
  return { throughput: (count / (end - start)) * 1000, submit: submitted - start };
}

export default {
  name: 'burst of 100,000 tiny tasks',
  unit: { throughput: 'tasks/s', submit: 'ms' },
  measure: (contender, options) =>
    withWarmPool(contender, sum, options, async (pool) => {
      const count = options.quick ? 1000 : 100_000;
      // The first one grows the heap and the queues.
      await burst(pool, sum, count);
      return burst(pool, sum, count);
    }),
};
