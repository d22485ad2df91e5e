'use strict';

// Runs hostile pieces in a pool of two workers, among ordinary tasks, and reports what went wrong.

const { isDeepStrictEqual } = require('node:util');
const { createWorkerPool } = require('../..');
const { surroundings } = require('./surroundings.js');
const { describeOutcome, describeSettled, matches } = require('./outcomes.js');
const ordinary = require('./ordinary.js');

/**
 * @typedef {object} Piece
 * @property {string} name - unique in its category
 * @property {string} [code] - of a code task
 * @property {string} [handler] - source text of a function: the piece runs as a handler of the worker script
 * @property {unknown} [payload] - of the handler, or the inputs of the code
 * @property {import('./outcomes.js').Outcome | import('./outcomes.js').Outcome[]} expect - several only where
 *   `varies` says why
 * @property {string} [varies]
 * @property {{ type?: string, isolation?: string, timeout?: number, crowd?: number, taints?: boolean,
 *   calm?: boolean, abandons?: boolean }} [options]
 *   `crowd`: that many copies are submitted at once, and all have the same outcome. `taints`, of a handler: it modifies
 *   the realm that handlers share, so only plain tasks run beside it, and both workers are replaced after it. `calm`:
 *   it runs alone, and the event loop of this process must not stall meanwhile. `abandons`: its isolate may be
 *   abandoned, with its memory and thread.
 */

const CATEGORIES = ['loops', 'stack', 'errors', 'engine', 'memory', 'parent', 'realms'];

/** Timeout of tasks that end by themselves, which may take long on a busy machine. */
const LONG_TIMEOUT = 20_000;
/** Timeout of pieces that only end by their timeout. */
const SHORT_TIMEOUT = 250;
/**
 * Longest time from a timeout to the settlement of a task that does not answer. The pool gives V8 five seconds to return
 * from native code.
 */
const GRACE = 15_000;

/** Longest turn of the event loop, in ms, also on a busy machine. */
const STALL = 1000;

/** Exit reasons of abandoned isolates, whose memory and perhaps thread remain. */
const ABANDONED = new Set(['out-of-memory', 'unresponsive']);

/** @returns {Record<string, Piece[]>} */
function catalogue() {
  return Object.fromEntries(CATEGORIES.map((category) => [category, require(`./pieces/${category}.js`)]));
}

function workerScript(pieces) {
  const handlers = pieces.filter(({ handler }) => handler !== undefined);
  const entries = handlers.map(({ id, handler }) => `${JSON.stringify(id)}: ${handler},\n`);
  return {
    code: `${ordinary.PRELUDE}export default {${ordinary.HANDLERS}${entries.join('')}};`,
    filename: 'hostile.mjs',
  };
}

/** What to submit for a piece. */
function taskOf({ id, code, handler, payload, expect, options = {} }) {
  const onlyTimeout = !Array.isArray(expect) && expect.code === 'ERR_TASK_TIMEOUT';
  const timeout = options.timeout ?? (onlyTimeout ? SHORT_TIMEOUT : LONG_TIMEOUT);
  if (handler !== undefined) return { type: id, payload, timeout, isolation: options.isolation };
  return { type: options.type ?? 'javascript', code, inputs: payload, timeout };
}

/** The chosen pieces by category, each with its own `id`. */
function choose(category, name) {
  const chosen = {};
  for (const [key, pieces] of Object.entries(catalogue())) {
    if (category !== undefined && key !== category) continue;
    const some = pieces.filter((piece) => name === undefined || piece.name.includes(name));
    if (some.length > 0) chosen[key] = some.map((piece) => ({ ...piece, id: `${key}: ${piece.name}` }));
  }
  return chosen;
}

class Runner {
  #pool;
  #say;
  #number = 0;
  #problems = [];
  /** Final events of each task id, and the worker that it ran on. */
  #ends = new Map();
  #ranOn = new Map();
  /** Worker id → number of its isolates that were abandoned. */
  #abandoned = new Map();
  /** Worker id → number of ordinary tasks with the right result. */
  #served = new Map();
  #stalls = new Stalls();
  #submitted = 0;
  #settled = 0;

  /** @param {(record: object) => void} say - gets `{ begin }` and `{ end, problems }` of each piece */
  constructor(say) {
    this.#say = say;
  }

  async run(chosen, rounds) {
    const all = Object.values(chosen).flat();
    const { options, close } = await surroundings();
    this.#pool = await createWorkerPool({
      poolSize: 2,
      maxWorkers: 2,
      tasksPerWorker: 1,
      workerMemoryLimitMB: 32,
      maxTaskRetries: 0,
      // Pieces that kill their worker come one after the other; that a worker stays down then is right,
      // and tested elsewhere.
      maxRestartAttempts: 1000,
      restartCooldownMs: 20,
      maxQueue: 10_000,
      workerScript: workerScript(all),
      ...options,
    });
    this.#listen();
    const begun = Date.now();
    for (let round = 1; round <= rounds; round++) {
      for (const [category, pieces] of Object.entries(chosen)) await this.#category(category, pieces, round);
    }
    const { workers } = this.#pool.getPoolMetrics();
    await this.#end();
    await close();
    this.#stalls.stop();
    this.#say({ done: true, ms: Date.now() - begun, abandoned: workers.abandoned, problems: this.#problems });
  }

  #listen() {
    const pool = this.#pool;
    const ended = ({ taskId, retried }) => {
      if (!retried) this.#ends.set(taskId, (this.#ends.get(taskId) ?? 0) + 1);
    };
    pool.on('task-completed', ended);
    pool.on('task-failed', ended);
    pool.on('task-started', ({ taskId, workerId }) => this.#ranOn.set(taskId, workerId));
    pool.on('worker-exited', ({ workerId, reason }) => {
      if (ABANDONED.has(reason)) this.#abandoned.set(workerId, (this.#abandoned.get(workerId) ?? 0) + 1);
    });
    // Reading what tasks print is part of a pool's work.
    pool.on('console', () => {});
  }

  async #category(category, pieces, round) {
    const begun = Date.now();
    const before = this.#problems.length;
    const together = pieces.filter(({ options }) => !options?.taints && !options?.calm);
    const queue = together.values();
    const lane = async () => {
      for (const piece of queue) await this.#piece(piece, round, ordinary.full);
    };
    await Promise.all([lane(), lane()]);
    for (const piece of pieces.filter((piece) => !together.includes(piece))) {
      const taints = piece.options.taints;
      await this.#piece(piece, round, taints ? ordinary.plain : ordinary.full);
      if (taints) await this.#replaceWorkers(piece);
    }
    await this.#becomesHealthy(category);
    const problems = this.#problems.slice(before);
    this.#say({ category, round, ms: Date.now() - begun, count: pieces.length, problems });
  }

  async #piece(piece, round, tasks) {
    const problems = [];
    const begun = Date.now();
    this.#say({ begin: piece.id, round });
    await this.#ordinary(tasks, 'before', problems);
    const copy = () => ({ ...taskOf(piece), id: `${piece.id} (${this.#number++})`, priority: 0 });
    const task = copy();
    const others = Array.from({ length: (piece.options?.crowd ?? 1) - 1 }, copy);
    const started = Date.now();
    const given = new Map(this.#abandoned);
    this.#stalls.begin();
    // Those of a crowd wait for each other.
    const limit = task.timeout * (1 + others.length) + GRACE;
    const hostile = this.#settle(task, limit);
    const crowd = others.map((other) => this.#settle(other, limit));
    const during = this.#ordinary(tasks, 'while it ran', problems);
    const settled = await hostile;
    const ran = Date.now() - started;
    const ends = [settled, ...(await Promise.all(crowd))];
    const stalled = this.#stalls.end();
    if (piece.options?.calm && stalled > STALL) problems.push(`the event loop stood still for ${stalled} ms`);
    const expected = [piece.expect].flat();
    const wrong = ends.filter((end) => !expected.some((outcome) => matches(outcome, end)));
    if (wrong.length > 0) {
      const of = ends.length > 1 ? `, ${wrong.length} of ${ends.length} times` : '';
      problems.push(`expected ${expected.map(describeOutcome).join(' or ')}, got ${describeSettled(wrong[0])}${of}`);
    }
    await Promise.all([during, this.#ordinary(tasks, 'after', problems)]);
    await this.#workerServes(this.#ranOn.get(task.id), problems);
    const worker = this.#ranOn.get(task.id);
    // Whoever takes all memory may meet V8 where it cannot throw, by chance.
    const mayLose = piece.options?.abandons || piece.id.startsWith('memory: ');
    if (!mayLose && this.#abandoned.get(worker) !== given.get(worker)) {
      problems.push(`its isolate did not come to a stop and was given up (${ran} ms)`);
    }
    for (const { id } of [task, ...others]) {
      if (this.#ends.get(id) !== 1) problems.push(`its end was told ${this.#ends.get(id) ?? 0} times`);
    }
    this.#problems.push(...problems.map((problem) => `${piece.id}: ${problem}`));
    this.#say({ end: piece.id, round, ran, ms: Date.now() - begun, how: describeSettled(settled), problems });
  }

  /** Submits a task and waits for its end, with a limit. */
  #settle(task, limit) {
    this.#submitted++;
    let timer;
    const late = new Promise((resolve) => {
      const reason = new Error(`not settled after ${limit} ms`);
      timer = setTimeout(resolve, limit, { status: 'rejected', reason });
    });
    const promise = this.#pool.submitTask(task);
    const settled = promise.then(
      (value) => ({ status: 'fulfilled', value }),
      (reason) => ({ status: 'rejected', reason }),
    );
    settled.then(() => this.#settled++);
    return Promise.race([settled, late]).finally(() => clearTimeout(timer));
  }

  async #ordinary(tasks, when, problems) {
    const number = this.#number++;
    const all = tasks(number).map(async ([task, expected], index) => {
      const id = `ordinary ${number}/${index}`;
      const settled = await this.#settle({ ...task, id, timeout: LONG_TIMEOUT }, LONG_TIMEOUT + 2 * GRACE);
      if (settled.status === 'fulfilled' && isDeepStrictEqual(settled.value, expected)) {
        const worker = this.#ranOn.get(id);
        this.#served.set(worker, (this.#served.get(worker) ?? 0) + 1);
      } else {
        problems.push(`an ordinary ${task.type} task ${when} got ${describeSettled(settled)}`);
      }
    });
    await Promise.all(all);
  }

  /** Waits until this worker, or what replaced it, has done an ordinary task right. */
  async #workerServes(worker, problems) {
    if (worker === undefined) return;
    const before = this.#served.get(worker) ?? 0;
    const until = Date.now() + GRACE;
    while ((this.#served.get(worker) ?? 0) === before) {
      if (Date.now() > until) {
        problems.push(`worker ${worker} serves no more: ${this.#state()}`);
        return;
      }
      const free = this.#pool.getWorkerStatus(worker)?.state === 'ready';
      if (free) await Promise.all([this.#ordinary(ordinary.plain, 'later', problems), pause(1)]);
      else await pause(5);
    }
  }

  async #replaceWorkers(piece) {
    const replaced = this.#pool.getAllWorkersStatus().map(({ workerId }) => this.#pool.restartWorker(workerId));
    await Promise.all(replaced).catch((error) => this.#problems.push(`${piece.id}: no new worker: ${error.message}`));
  }

  async #becomesHealthy(category) {
    const until = Date.now() + GRACE;
    const isIdle = ({ state, inFlight }) => state === 'ready' && inFlight === 0;
    while (this.#pool.getHealth().status !== 'healthy' || !this.#pool.getAllWorkersStatus().every(isIdle)) {
      if (Date.now() > until) {
        this.#problems.push(`${category}: the pool does not recover: ${this.#state()}`);
        return;
      }
      await pause(5);
    }
  }

  #state() {
    return JSON.stringify([this.#pool.getHealth(), this.#pool.getAllWorkersStatus()]);
  }

  async #end() {
    const pool = this.#pool;
    const begun = Date.now();
    await pool.shutdown();
    const took = Date.now() - begun;
    if (took > 10_000) this.#problems.push(`the idle pool took ${took} ms to shut down`);
    const twice = [...this.#ends].filter(([, times]) => times !== 1);
    if (twice.length > 0) this.#problems.push(`ended more than once: ${JSON.stringify(twice)}`);
    const { tasks } = pool.getPoolMetrics();
    const ended = tasks.completed + tasks.failed + tasks.timedOut + tasks.aborted + tasks.rejected;
    const counts = [this.#settled, this.#ends.size, tasks.submitted, ended];
    if (counts.some((count) => count !== this.#submitted)) {
      this.#problems.push(`${this.#submitted} tasks: settled, ended, counted as submitted and as ended: ${counts}`);
    }
  }
}

/** How long the event loop of this process stands still. */
class Stalls {
  #last = 0;
  #worst = 0;
  #timer = setInterval(() => this.#look(), 20);

  #look() {
    const now = Date.now();
    this.#worst = Math.max(this.#worst, now - this.#last);
    this.#last = now;
  }

  begin() {
    this.#worst = 0;
    this.#last = Date.now();
  }

  /** The longest pause since `begin`, in milliseconds. */
  end() {
    this.#look();
    return this.#worst;
  }

  stop() {
    clearInterval(this.#timer);
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

module.exports = { CATEGORIES, catalogue, choose, Runner, taskOf };
