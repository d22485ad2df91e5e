import { medianOf } from '../result.mjs';

const WAIT_MS = 10;
const COUNT = 10_000;
const PER_WORKER = 1000;
const handler = new URL('../handlers/wait.mjs', import.meta.url);

/** The ms that all tasks take, submitted in one turn: the median of as many times as fit, the first left out. */
async function timeOf(setup, count, { workers, quick }, concurrency) {
  const pool = await setup({ handler, workers, concurrency, tasks: count });
  const times = [];
  const end = performance.now() + (quick ? 0 : 1000);
  do {
    const start = performance.now();
    const results = await Promise.all(Array.from({ length: count }, (_, i) => pool.run({ i, ms: WAIT_MS })));
    times.push(performance.now() - start);
    results.forEach((result, i) => {
      if (result !== i) throw new Error(`task ${i} gave ${result}`);
    });
  } while (times.length < 3 || performance.now() < end);
  await pool.close();
  return medianOf(times.slice(1));
}

export default {
  name: `10,000 tasks that wait ${WAIT_MS} ms each, ${PER_WORKER} at once in each worker; "at once" with all of them`,
  unit: { time: 'ms', 'at once': 'ms' },
  needs: 'waiting',
  baseline: 'none',
  async measure(contender, options) {
    const count = options.quick ? COUNT / 10 : COUNT;
    return {
      time: await timeOf(contender.waiting, count, options, (PER_WORKER * count) / COUNT),
      'at once': await timeOf(contender.waiting, count, options, Math.ceil(count / options.workers)),
    };
  },
};
