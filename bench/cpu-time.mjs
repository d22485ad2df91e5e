// The processor time that a tiny task takes, by thread: `node bench/cpu-time.mjs [FOLDER ...]`. Unlike the time
// that passes, it hardly depends on what else runs, so it tells two builds apart on a busy machine. A folder is
// another checkout that is built; all take turns. Linux only: it reads /proc.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkout } from './checkout.mjs';
import { entrant } from './contenders/isolane.mjs';
import { runWindow } from './load.mjs';
import { number } from './result.mjs';
import { table } from './table.mjs';
import { sum } from './tasks/sum.mjs';

const TASKS = 200_000;
const ROUNDS = 5;
const HERE = fileURLToPath(new URL('..', import.meta.url));

const MODES = {
  'one at a time': (pool) => runWindow(pool, sum, 1, (i) => i < TASKS / 5),
  '64 in flight': (pool) => runWindow(pool, sum, 64, (i) => i < TASKS),
  burst: (pool) => Promise.all(Array.from({ length: TASKS }, (_, i) => pool.run(sum.payload(i)))),
  batch: (pool) => pool.runAll(Array.from({ length: TASKS }, (_, i) => sum.payload(i))),
};
const COUNTS = { 'one at a time': TASKS / 5 };

/** Nanoseconds of each kind of thread since its start. */
function times() {
  const times = { main: 0, workers: 0, others: 0 };
  for (const thread of readdirSync('/proc/self/task')) {
    const folder = `/proc/self/task/${thread}`;
    const name = readFileSync(`${folder}/comm`, 'utf8');
    const kind = Number(thread) === process.pid ? 'main' : /^isolane-\d/.test(name) ? 'workers' : 'others';
    times[kind] += Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]);
  }
  return times;
}

/** In a process of its own: microseconds a task for each mode. */
async function measure(folder) {
  const before = checkout(folder);
  const contender = entrant('isolane', before.version, before);
  const options = { handler: sum.handler, workers: 2 };
  const figures = {};
  for (const [mode, run] of Object.entries(MODES)) {
    const pool = await contender[mode === 'batch' ? 'batch' : 'setup'](options);
    await run(pool);
    const start = times();
    await run(pool);
    const end = times();
    const count = COUNTS[mode] ?? TASKS;
    figures[mode] = Object.fromEntries(
      Object.keys(end).map((kind) => [kind, (end[kind] - start[kind]) / count / 1000]),
    );
    await pool.close();
  }
  process.send(figures, () => process.disconnect());
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

async function compare(folders) {
  const runs = folders.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, folder] of folders.entries()) {
      const child = fork(fileURLToPath(import.meta.url), ['--measure', folder]);
      const [figures] = await once(child, 'message');
      runs[i].push(figures);
    }
  }
  const rows = folders.flatMap((folder, i) =>
    Object.keys(MODES).map((mode) => {
      const of = (kind) => median(runs[i].map((figures) => figures[mode][kind]));
      const all = median(runs[i].map((figures) => Object.values(figures[mode]).reduce((sum, time) => sum + time)));
      return [`${mode}, ${folder === HERE ? 'here' : folder}`, ...['main', 'workers', 'others'].map(of), all];
    }),
  );
  const shown = rows.map(([name, ...figures]) => [name, ...figures.map(number)]);
  console.log(table(['µs of processor time a task', 'main thread', 'workers', 'others', 'all'], shown));
}

const [first, folder] = process.argv.slice(2);
if (first === '--measure') await measure(folder);
else await compare([HERE, ...process.argv.slice(2)]);
