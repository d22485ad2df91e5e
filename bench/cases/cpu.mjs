import { throughputOf } from '../load.mjs';
import { factorial, hash, json } from '../tasks/work.mjs';

/** Both workers are busy at any time, and none waits for the main thread. */
const WINDOW = 8;

export default {
  name: `handlers that work, ${WINDOW} in flight`,
  unit: { json: 'tasks/s', hash: 'tasks/s', factorial: 'tasks/s' },
  baseline: 'worker-threads',
  async measure(contender, { workers, quick }) {
    const figures = {};
    for (const [name, task] of Object.entries({ json, hash, factorial })) {
      const pool = await contender.setup({ handler: task.handler, workers });
      await throughputOf(pool, task, WINDOW, quick ? 20 : 300);
      figures[name] = await throughputOf(pool, task, WINDOW, quick ? 30 : 1000);
      await pool.close();
    }
    return figures;
  },
};
