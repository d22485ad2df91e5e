/**
 * Keeps a pool under a mix of good, slow, failing, aborted and hostile tasks, scaling, restarts and pauses,
 * and says whether every task settled exactly once, and whether the process grew.
 *
 *     node tools/soak.mjs [--minutes 20] [--seed N] [--skip part,part]
 *
 * A seed repeats what each user does one after the other, not how they meet. `--skip` leaves out hostile
 * pieces by parts of their names.
 */
import { parseArgs } from 'node:util';
import { Load, MEMORY_LIMIT_MB, MOST_WORKERS } from './soak/load.mjs';
import { Samples } from './soak/samples.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    skip: { type: 'string', default: '' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error('usage: node tools/soak.mjs [--minutes 20] [--seed N] [--skip part,part]');
  process.exit(2);
}

/** The first quarter does not count: isolates warm up, allocators find their size. */
const warmUp = minutes / 4;

/*
 * What the process may grow by after the warm-up, as its slope times the minutes:
 *
 * Noise. Each isolate holds anything between 5 MB and twice its limit (the room it gets to come to a stop
 * in), and the line through the samples may begin where all are empty and end where all are full.
 *
 * A rate. V8 and the allocator fragment slowly and settle in hours; a leak of a task's size is far above:
 * 100 bytes for each of 1000 tasks a second are 6 MB a minute.
 *
 * Isolates that were given up: V8 cannot be left after its fatal lack of memory, so such an isolate keeps its
 * memory and its thread for good. No other thing is allowed to stay. It is counted by the pool, and pieces
 * known for it are started only early in the warm-up; others meet it by chance.
 */
const NOISE_MB = MOST_WORKERS * 2 * MEMORY_LIMIT_MB;
const MB_A_MINUTE = 4;
const MB_GIVEN_UP = 4 * MEMORY_LIMIT_MB;
/** Workers that are being replaced have two threads for a moment; crypto takes threads for a while. */
const NOISE_THREADS = 2 * MOST_WORKERS;
const THREADS_A_MINUTE = 0.1;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const whole = (number) => (Number.isFinite(number) ? String(Math.round(number)) : '-');

const samples = new Samples();
const load = new Load(seed, values.skip.split(',').filter(Boolean));

console.log(`soak: ${minutes} min, seed ${seed}\n`);
await load.start();
// Some 400 points, and none closer than what a sample costs.
samples.start(Math.max(100, (minutes * 60_000) / 400));

const STEPS = 12;
let givenUpBefore = 0;
for (let step = 1; step <= STEPS; step++) {
  await pause((minutes * 60_000) / STEPS);
  if (step === 1) load.spareIsolates();
  if (step === STEPS / 4) givenUpBefore = load.metrics.workers.abandoned;
  const { minutes: at, rssMB, threads } = samples.take();
  const line = [`${at.toFixed(2)} min`, `${load.settled} tasks`, `${whole(rssMB)} MB`, `${whole(threads)} threads`];
  console.log(`  ${line.map((text) => text.padStart(13)).join('')}${step === STEPS / 4 ? '   warm' : ''}`);
}
samples.stop();
const givenUp = load.metrics.workers.abandoned;
await load.stop();

const faults = load.faults();
report();
process.exitCode = faults.length > 0 ? 1 : 0;
// Threads of isolates that were given up would not keep the process; a defect must not either.
setTimeout(() => process.exit(), 10_000).unref();

function report() {
  console.log('\ntasks');
  for (const [kind, { count, right }] of [...load.kinds].sort()) {
    console.log(
      `  ${kind.padEnd(10)} ${String(count).padStart(8)}   ${right === count ? 'all right' : `${right} right`}`,
    );
  }
  const { workers, performance, isolates, tasks } = load.metrics;
  console.log(`  ${'in all'.padEnd(10)} ${String(load.submitted).padStart(8)}   ${tasks.retried} retried`);
  console.log(
    `workers\n  ${performance.workersSpawned} started, ${performance.workersRestarted} of them in place of others, ` +
      `${workers.abandoned} given up (${givenUpBefore} in the warm-up), ${isolates.fatalErrors} by a fatal lack of memory`,
  );

  for (const line of load.givenUp) console.log(`    given up, ${line}`);

  const later = givenUp - givenUpBefore;
  console.log('\nafter the warm-up       first      last     least      most   a minute');
  for (const [name, title, noise, rate, each] of [
    ['rssMB', 'memory (RSS), MB', NOISE_MB, MB_A_MINUTE, MB_GIVEN_UP],
    ['threads', 'threads', NOISE_THREADS, THREADS_A_MINUTE, 1],
    ['heapMB', 'heap of Node, MB'],
    ['files', 'open files'],
  ]) {
    const trend = samples.trend(name, warmUp);
    const figures = [trend.first, trend.last, trend.least, trend.most].map((value) => whole(value).padStart(10));
    console.log(`  ${title.padEnd(18)}${figures.join('')}${trend.slope.toFixed(2).padStart(11)}`);
    if (noise === undefined) continue;
    const growth = trend.slope * trend.minutes;
    const allowed = noise + rate * trend.minutes + each * later;
    if (growth > allowed) faults.push(`${title}: grew by ${whole(growth)}, at most ${whole(allowed)} are allowed`);
  }

  if (load.surprises.size > 0) {
    console.log('\nhostile pieces that ended otherwise than the catalogue says (that is for its own tests):');
    for (const [id, times] of load.surprises) console.log(`  ${times} × ${id}`);
  }
  console.log(faults.length > 0 ? `\nFAILED\n  ${faults.join('\n  ')}` : '\nok');
}
