import { burst } from '../load.mjs';
import { factorial } from '../tasks/poolifier.mjs';

export default {
  name: "poolifier's benchmark: 100,000 × factorial(1000), from the start of the pool to the last result",
  unit: { time: 's' },
  needs: 'start',
  baseline: 'worker-threads',
  async measure(contender, { workers, quick }) {
    const start = performance.now();
    const pool = await contender.start({ handler: factorial.handler, workers, rich: true });
    await burst(pool, factorial, quick ? 500 : 100_000);
    const time = (performance.now() - start) / 1000;
    await pool.close();
    return { time };
  },
};
