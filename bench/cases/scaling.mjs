import { availableParallelism } from 'node:os';
import { throughputOf } from '../load.mjs';
import { hash } from '../tasks/work.mjs';

const cores = availableParallelism();
const COUNTS = [1, 2, 4, 8, 16];
const counts = COUNTS.filter((count) => count <= cores);
const left = COUNTS.filter((count) => count > cores);
const share = (count) => `${count} of linear`;

export default {
  name: 'a handler that works, with more workers; what they reach together of as many times what one does',
  unit: Object.fromEntries([
    ...counts.map((count) => [String(count), 'tasks/s']).reverse(),
    ...counts.slice(1).map((count) => [share(count), '×']),
  ]),
  needs: 'start',
  baseline: 'worker-threads',
  async measure(contender, { quick }) {
    const figures = {};
    for (const count of counts) {
      const pool = await contender.start({ handler: hash.handler, workers: count });
      await throughputOf(pool, hash, 4 * count, quick ? 20 : 400);
      figures[count] = await throughputOf(pool, hash, 4 * count, quick ? 50 : 1500);
      await pool.close();
      if (count > 1) figures[share(count)] = figures[count] / (count * figures[1]);
    }
    return figures;
  },
  notes: () => (left.length === 0 ? [] : [`not with ${left.join(', ')} workers: this machine has ${cores} cores`]),
};
