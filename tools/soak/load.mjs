/**
 * Keeps a pool busy: users that submit one task after the other, hostile users, and an operator that scales,
 * restarts and pauses. Keeps the books of what was submitted and how it ended.
 */
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { Random } from './random.mjs';
import { anyTask, HANDLERS } from './tasks.mjs';

const require = createRequire(import.meta.url);
const { createWorkerPool } = require('../..');
const { choose, taskOf } = require('../../__test__/hostile/runner.js');
const { describeSettled, matches } = require('../../__test__/hostile/outcomes.js');
const ordinary = require('../../__test__/hostile/ordinary.js');
const { surroundings } = require('../../__test__/hostile/surroundings.js');

export const MEMORY_LIMIT_MB = 32;
export const MOST_WORKERS = 4;

const USERS = 12;
const HOSTILE_USERS = 2;
/** Pieces that cost an isolate for good run only at first, and only so often. */
const MOST_ABANDONING = 3;

/** Longer than any task may be kept from its end by what runs before it. */
const PATIENCE = 60_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Load {
  /** Tasks by kind: how many there were and how many were right. */
  kinds = new Map();
  /** Good tasks with a wrong end, and ends that are not one. */
  wrong = [];
  /** Hostile pieces with an end that the catalogue does not have, and how often. */
  surprises = new Map();
  /** Isolates that were given up: why, and what ran there last. */
  givenUp = [];
  submitted = 0;
  settled = 0;
  #pool;
  #surroundings;
  #seed;
  #pieces;
  /** Final events of each task that is not settled. */
  #live = new Map();
  #abandoning = 0;
  #stopping = false;
  #users = [];

  constructor(seed, skipped) {
    this.#seed = seed;
    const usable = Object.values(choose()).flat();
    // What spoils the realm of handlers would make good tasks of the same isolate wrong, and rightly so.
    this.#pieces = usable.filter(({ id, options }) => !options?.taints && !skipped.some((part) => id.includes(part)));
  }

  async start() {
    const handlers = this.#pieces.filter(({ handler }) => handler !== undefined);
    const hostile = handlers.map(({ id, handler }) => `${JSON.stringify(id)}: ${handler},\n`).join('');
    this.#surroundings = await surroundings();
    this.#pool = await createWorkerPool({
      ...this.#surroundings.options,
      poolSize: 2,
      minWorkers: 1,
      maxWorkers: MOST_WORKERS,
      workerMemoryLimitMB: MEMORY_LIMIT_MB,
      maxTaskRetries: 0,
      maxTasksPerWorker: 5000,
      // Hostile pieces follow each other: they may well kill a worker many times in a row.
      maxRestartAttempts: 1000,
      restartCooldownMs: 20,
      workerScript: {
        code: `${ordinary.PRELUDE}export default {${ordinary.HANDLERS}${HANDLERS}${hostile}};`,
        filename: 'soak.mjs',
      },
    });
    const ended = ({ taskId, retried }) => {
      if (retried) return;
      if (!this.#live.has(taskId)) this.#fault(`${taskId} ended after it was settled`);
      this.#live.set(taskId, (this.#live.get(taskId) ?? 0) + 1);
    };
    this.#pool.on('task-completed', ended);
    this.#pool.on('task-failed', ended);
    this.#pool.on('console', () => {});
    const latest = new Map();
    this.#pool.on('task-started', ({ workerId, type, metadata }) => latest.set(workerId, metadata ?? type));
    this.#pool.on('worker-exited', ({ workerId, reason }) => {
      if (reason === 'unresponsive' || reason === 'out-of-memory') {
        this.givenUp.push(`${reason}: ${latest.get(workerId)}`);
      }
    });
    // Each with random numbers of its own: what one does next does not hang on the others.
    const user = (index, live) => this.#users.push(live.call(this, new Random(this.#seed + 7919 * index)));
    for (let index = 0; index < USERS; index++) user(index, this.#user);
    for (let index = 0; index < HOSTILE_USERS; index++) user(100 + index, this.#hostile);
    user(200, this.#operator);
  }

  /** From here on no piece is started that is known to cost an isolate for good. */
  spareIsolates() {
    this.#abandoning = Number.POSITIVE_INFINITY;
  }

  get metrics() {
    return this.#pool.getPoolMetrics();
  }

  /** Ends the users and waits for every task; then closes the pool. */
  async stop() {
    this.#stopping = true;
    await this.#inTime(Promise.all(this.#users), 'its users have not come to an end');
    await this.#inTime(this.#pool.resize(2), 'the pool does not scale to two workers');
    await this.#inTime(this.#pool.drain(), 'the pool does not drain');
    await this.#inTime(this.#healthy(), 'the pool does not become healthy');
    await this.#inTime(this.#pool.shutdown(), 'the pool does not shut down');
    await this.#surroundings.close();
  }

  /** What must hold now that everything has ended. */
  faults() {
    const faults = [...this.wrong];
    if (this.#live.size > 0)
      faults.push(`${this.#live.size} tasks never settled: ${[...this.#live.keys()].slice(0, 5)}`);
    if (this.settled !== this.submitted) faults.push(`${this.submitted} submitted, ${this.settled} settled`);
    const { tasks } = this.metrics;
    const ended = tasks.completed + tasks.failed + tasks.timedOut + tasks.aborted + tasks.rejected;
    if (tasks.submitted !== this.submitted || ended !== this.submitted) {
      faults.push(`${this.submitted} submitted, the metrics say ${tasks.submitted} submitted and ${ended} ended`);
    }
    return faults;
  }

  async #inTime(promise, otherwise) {
    let timer;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, PATIENCE, 'late');
    });
    const end = await Promise.race([promise, late]).finally(() => clearTimeout(timer));
    if (end === 'late') this.#fault(`${otherwise}: ${JSON.stringify(this.#pool.getHealth())}`);
  }

  async #healthy() {
    while (this.#pool.getHealth().status !== 'healthy') await pause(10);
  }

  #fault(text) {
    // A defect that comes again and again is not told for ever.
    if (this.wrong.length < 20) this.wrong.push(text);
  }

  async #run(task) {
    const id = `soak ${this.submitted++}`;
    this.#live.set(id, 0);
    const [settled] = await Promise.allSettled([this.#pool.submitTask(task, { id })]);
    this.settled++;
    const ends = this.#live.get(id);
    this.#live.delete(id);
    if (ends !== 1) this.#fault(`${id} (${task.type}) was told to have ended ${ends} times`);
    return settled;
  }

  #count(kind, isRight, describe) {
    const sums = this.kinds.get(kind) ?? { count: 0, right: 0 };
    this.kinds.set(kind, sums);
    sums.count++;
    if (isRight) sums.right++;
    else this.#fault(`a ${kind} task: ${describe()}`);
  }

  async #user(random) {
    while (!this.#stopping) {
      const n = random.below(1e6);
      if (random.chance(0.4)) {
        const [task, expected] = random.pick(ordinary.full(n));
        const settled = await this.#run({ timeout: PATIENCE, ...task });
        const isRight = settled.status === 'fulfilled' && isDeepStrictEqual(settled.value, expected);
        this.#count('ordinary', isRight, () => describeSettled(settled));
      } else {
        const { kind, task, isRight } = anyTask(n, random);
        const settled = await this.#run({ timeout: PATIENCE, ...task });
        this.#count(kind, isRight(settled), () => describeSettled(settled));
      }
      if (random.chance(0.5)) await pause(random.between(1, 30));
    }
  }

  async #hostile(random) {
    while (!this.#stopping) {
      const piece = random.pick(this.#pieces);
      if (piece.options?.abandons) {
        if (this.#abandoning >= MOST_ABANDONING) continue;
        this.#abandoning++;
      }
      await this.#runPiece(piece);
      await pause(random.between(50, 500));
    }
  }

  /** By itself, so that no large result is held on to after it. */
  async #runPiece(piece) {
    const settled = await this.#run({ ...taskOf(piece), priority: 0, metadata: piece.id });
    const isRight = [piece.expect].flat().some((outcome) => matches(outcome, settled));
    const sums = this.kinds.get('hostile') ?? { count: 0, right: 0 };
    this.kinds.set('hostile', { count: sums.count + 1, right: sums.right + Number(isRight) });
    if (!isRight) this.surprises.set(piece.id, (this.surprises.get(piece.id) ?? 0) + 1);
  }

  async #operator(random) {
    const pool = this.#pool;
    const acts = [
      () => pool.scaleUp(1),
      () => pool.scaleDown(1),
      () => pool.resize(random.between(1, MOST_WORKERS)),
      () => pool.restartWorker(random.pick(pool.getAllWorkersStatus())?.workerId ?? 0),
      async () => {
        pool.pause();
        await pause(random.between(1, 100));
        pool.resume();
      },
      () => pool.getPoolMetrics(),
    ];
    const others = new Set();
    while (!this.#stopping) {
      await pause(random.between(50, 700));
      const act = (async () => random.pick(acts)())().catch((error) => {
        // The worker was scaled away meanwhile, or is gone already.
        if (!/^ERR_(WORKER_LOST|INVALID_ARG)$/.test(error.code)) this.#fault(`the operator got ${error.stack}`);
      });
      others.add(act);
      act.finally(() => others.delete(act));
    }
    await Promise.all(others);
  }
}
