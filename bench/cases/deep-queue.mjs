import { Blocks, collect, memoryAfterCollection } from '../probe.mjs';
import { number } from '../result.mjs';

const COUNT = 1_000_000;
const QUICK_COUNT = 20_000;
/** Tasks of one turn of the event loop, so that the loop of the benchmark does not block by itself. */
const SLICE = 1000;
const PRIORITIES = 101;
/** The fewest ended tasks of a slow pool say enough. */
const DRAIN_MS = 4000;
/** Tasks that workers and ports may hold beside the queue: so many may end before one that is more urgent. */
const SLACK = 2000;
/** More where the system stops a worker for a moment while the others go on. */
const OVERTAKEN = 0.01;

const priorityOf = (i) => (i * 7919) % PRIORITIES;
const turn = () => new Promise(setImmediate);

/** Who waits for the tasks: each ends once, and none before `open`. Keeps in what order they do. */
class Ledger {
  #seen;
  #order;
  ended = 0;
  open = false;
  closed = false;
  error;

  constructor(count) {
    this.#seen = new Uint8Array(count);
    this.#order = new Uint8Array(count);
  }

  end = (i) => {
    if (this.closed) return;
    if (this.#seen[i] !== 0) this.fail(new Error(`task ${i} ended twice, or is none`));
    if (!this.open) this.fail(new Error(`task ${i} ended before the workers were released`));
    this.#seen[i] = 1;
    this.#order[this.ended++] = priorityOf(i);
  };

  /** After the clock has stopped, a pool that is closed may reject what it did not run. */
  fail = (error) => {
    if (!this.closed) this.error ??= error;
  };

  /** The share of tasks before which more than SLACK of later priorities ended. */
  overtaken() {
    const later = new Uint32Array(PRIORITIES);
    let count = 0;
    for (const priority of this.#order.subarray(0, this.ended)) {
      if (later[priority] > SLACK) count++;
      for (let p = 0; p < priority; p++) later[p]++;
    }
    return count / this.ended;
  }
}

/** The bytes that whoever waits for a task holds of it, whatever the pool. */
function ownOf({ end, fail }, count) {
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const never = new Promise(() => {});
  const before = heap();
  for (let i = 0; i < count; i++) never.then(end, fail);
  const bytes = (heap() - before) / count;
  never.then();
  return bytes;
}

export default {
  name: 'one million tasks waiting, with priorities from 0 to 100 where the pool has them',
  unit: {
    first: 'µs/task',
    last: 'µs/task',
    memory: 'B/task',
    'submit block': 'ms',
    drain: 'tasks/s',
    'drain block': 'ms',
  },
  chart: ['last', 'memory', 'submit block', 'drain', 'drain block'],
  needs: 'queue',
  baseline: 'piscina-priority',
  async measure(contender, { workers, quick }) {
    const count = quick ? QUICK_COUNT : COUNT;
    const part = count / 10;
    const handler = new URL('../handlers/number.mjs', import.meta.url);
    const pool = await contender.queue({ handler, workers });
    const ledger = new Ledger(count);

    const own = ownOf(ledger, part);
    await pool.hold();
    const before = memoryAfterCollection();
    const watch = new Blocks();
    const times = [];
    for (let at = 0; at < count; at += SLICE) {
      const start = performance.now();
      for (let i = at; i < at + SLICE; i++) pool.submit(i, priorityOf(i)).then(ledger.end, ledger.fail);
      await turn();
      times.push(((performance.now() - start) / SLICE) * 1000);
    }
    const submitBlock = watch.stop();
    const memory = ((memoryAfterCollection() - before) / count) * 2 ** 20 - own;
    if (ledger.error) throw ledger.error;

    const draining = new Blocks();
    const start = performance.now();
    ledger.open = true;
    await pool.release();
    while (ledger.ended < count && performance.now() < start + DRAIN_MS && !ledger.error) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const drain = (ledger.ended / (performance.now() - start)) * 1000;
    const drainBlock = draining.stop();
    ledger.closed = true;
    if (ledger.error) throw ledger.error;
    const overtaken = ledger.overtaken();
    if (contender.priorities && overtaken > OVERTAKEN) {
      throw new Error(`${number(overtaken * 100)} % of the tasks ended long after less urgent ones`);
    }
    await pool.close();
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      first: mean(times.slice(0, part / SLICE)),
      last: mean(times.slice(-part / SLICE)),
      memory,
      'submit block': submitBlock,
      drain,
      'drain block': drainBlock,
      own,
      ended: ledger.ended,
      overtaken,
    };
  },
  notes(runs) {
    const own = runs.flatMap(({ figures }) => (figures ? [figures.own] : []));
    if (own.length === 0) return [];
    return [
      `not counted as memory: about ${number(own.reduce((a, b) => a + b) / own.length)} B of who waits for a task`,
    ];
  },
};
