import { setTimeout as sleep } from 'node:timers/promises';
import { stranger } from './tasks/stranger.mjs';

/** One task after another for a time, `pauseMs` before each; the ms that each took, least first. */
async function timesOf(guests, pauseMs, durationMs, first) {
  const times = [];
  const end = performance.now() + durationMs;
  do {
    if (pauseMs > 0) await sleep(pauseMs);
    const i = first + times.length;
    const start = performance.now();
    const result = await guests.run(stranger.payload(i));
    times.push(performance.now() - start);
    stranger.check(result, i);
  } while (performance.now() < end);
  return times.sort((a, b) => a - b);
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/**
 * How long a tiny task takes that has to have something fresh: back to back, and where a pause before
 * each gives time to make it ahead. Figures in milliseconds.
 */
export async function measureStarts(setup, { workers, quick }, pauseMs) {
  const guests = await setup({ code: stranger.code, handler: stranger.handler, workers });
  const part = quick ? 100 : 3000;
  const warm = await timesOf(guests, 0, part / 3, 0);
  const busy = await timesOf(guests, 0, part, warm.length);
  const paused = await timesOf(guests, pauseMs, part, warm.length + busy.length);
  // Not in a `finally`: a failure ends the process, and a close that hangs must not hide it.
  await guests.close();
  return {
    median: quantile(busy, 0.5),
    p99: quantile(busy, 0.99),
    paused: quantile(paused, 0.5),
    'paused p99': quantile(paused, 0.99),
  };
}
