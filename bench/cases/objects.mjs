import { throughputOf } from '../load.mjs';
import { recordsOf } from '../tasks/records.mjs';

const WINDOW = 8;
/** Size of the object as JSON → its records, and the share of results that are compared as a whole. */
const SIZES = { '1 KB': [3, 256], '64 KB': [196, 16], '1 MB': [3120, 2] };

export default {
  name: `plain objects there and back, ${WINDOW} in flight`,
  unit: Object.fromEntries(Object.keys(SIZES).map((size) => [size, 'tasks/s'])),
  async measure(contender, { workers, quick }) {
    const figures = {};
    for (const [size, [count, every]] of Object.entries(SIZES)) {
      const task = recordsOf(count, every);
      const pool = await contender.setup({ handler: task.handler, workers });
      await throughputOf(pool, task, WINDOW, quick ? 20 : 300);
      figures[size] = await throughputOf(pool, task, WINDOW, quick ? 30 : 1000);
      await pool.close();
      task.compare();
    }
    return figures;
  },
};
