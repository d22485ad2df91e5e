'use strict';

// WorkerPool, the public class. It checks arguments, connects the parts of a pool, and dispatches what the native pool
// reports to them. It decides nothing about tasks and workers: the native pool does.

const { EventEmitter } = require('node:events');
const native = require('../native/binding.js');
const check = require('../options/check.js');
const { IsolaneError, invalid } = require('../errors.js');
const { registerFetch } = require('../fetch/calls.js');
const { Calls } = require('../host/calls.js');
const { bundleScript } = require('../modules/bundle.js');
const { readScript } = require('../modules/script.js');
const { ScriptLoad } = require('../modules/script-load.js');
const { StackTraces } = require('../modules/stack-traces.js');
const { useSnapshot } = require('../native/snapshot.js');
const { health, healthSummary } = require('../observe/health.js');
const { Listeners } = require('../observe/listeners.js');
const { poolMetrics } = require('../observe/metrics.js');
const { prometheus } = require('../observe/prometheus.js');
const { Isolation } = require('../options/isolation.js');
const { nativeOptions } = require('../options/native-options.js');
const { resolveOptions } = require('../options/options.js');
const { Permissions } = require('../options/permissions.js');
const { resolveTask } = require('../options/task.js');
const { Collection } = require('./collection.js');
const { DeadLetters } = require('./dead-letters.js');
const { Dispatcher } = require('./dispatcher.js');
const { Lifecycle } = require('./lifecycle.js');
const { mapTasks } = require('./map.js');
const { ResultPoller } = require('./result-poller.js');
const { Submission } = require('./submission.js');
const { Batch } = require('./tasks/batch.js');
const { PendingTasks, reject } = require('./tasks/pending-tasks.js');
const { Workers } = require('./workers.js');

/** Proves that the constructor is called from here. */
const INTERNAL = Symbol('isolane');

const asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/** A pool of isolates. Made by `createWorkerPool`. */
class WorkerPool extends EventEmitter {
  #options;
  #isolation;
  #native;
  #scriptLoad;
  #lifecycle;
  #submission;
  #tasks;
  #deadLetters;
  #workers;
  #listeners;
  #dispatcher;
  #lastTicket = 0;

  /** @private */
  constructor(token, { options, permissions, imports, script, bundle } = {}) {
    if (token !== INTERNAL) {
      throw new IsolaneError('ERR_INVALID_ARG', 'a WorkerPool is made by createWorkerPool(options)');
    }
    super();
    this.#options = options;
    this.#isolation = new Isolation(options);
    const stackTraces = new StackTraces(script, bundle);
    const scriptLoad = new ScriptLoad(options.poolSize, stackTraces, bundle !== undefined);

    useSnapshot();
    const pool = new native.NativePool(nativeOptions(options, bundle ?? script, permissions, imports), () => {
      // Nobody waits for the records of a pool that failed to start.
      if (!scriptLoad.hasFailed) poller.wakeUp();
    });
    const lifecycle = new Lifecycle(pool, options, permissions, scriptLoad);
    const { open, update } = lifecycle;
    const poller = new ResultPoller({
      isReady: () => collection.isReady,
      giveWay: () => pool.giveWay(),
      busy: () => Math.min(tasks.size, workers.size),
      isCrowded: () => tasks.size >= 4 * workers.size * options.tasksPerWorker,
      read: (wakeUp) => collection.read(wakeUp),
      onStop: update,
    });
    const calls = new Calls(options.maxHostCalls, (call, bytes) => pool.answer(call, bytes));
    for (const [target, run] of options.host.functions) calls.register(target, run);
    if (permissions.allowsNet) registerFetch(calls, permissions);
    const submission = new Submission(pool, poller);
    const tasks = new PendingTasks(pool, submission, calls, { onBusy: update, onIdle: lifecycle.becomeIdle });
    const deadLetters = new DeadLetters(pool, tasks);
    const workers = new Workers(pool, options, { open, onWait: update });
    const listeners = new Listeners(this, options.console, (topics) => pool.listen(topics));
    const parts = {
      options,
      scriptLoad,
      stackTraces,
      submission,
      poller,
      calls,
      tasks,
      deadLetters,
      workers,
      listeners,
    };
    const dispatcher = new Dispatcher(parts, lifecycle);
    const collection = new Collection(pool, dispatcher);
    lifecycle.start(parts);

    this.#native = pool;
    this.#scriptLoad = scriptLoad;
    this.#lifecycle = lifecycle;
    this.#submission = submission;
    this.#tasks = tasks;
    this.#deadLetters = deadLetters;
    this.#workers = workers;
    this.#listeners = listeners;
    this.#dispatcher = dispatcher;
  }

  /**
   * Starts a pool.
   * @param {object} [options] - as the user gave them
   * @returns {Promise<WorkerPool>} when all workers are ready
   * @throws {IsolaneError} ERR_INVALID_ARG, ERR_MODULE_LOAD
   */
  static async create(options) {
    const resolved = resolveOptions(options);
    const permissions = new Permissions(resolved.permissions);
    const script = await readScript(resolved.workerScript);
    const parts = { options: resolved, permissions, script, imports: await permissions.imports() };
    try {
      return await WorkerPool.#start(parts);
    } catch (error) {
      if (!error.needsBundle) throw error;
      return await WorkerPool.#start({ ...parts, bundle: await bundleScript(script, error.message) });
    }
  }

  static async #start(parts) {
    const pool = new WorkerPool(INTERNAL, parts);
    await pool.#scriptLoad.finished;
    pool.#lifecycle.update();
    setImmediate(() => {
      const { uptime } = pool.#native.status();
      pool.#listeners.emit('pool-initialized', { size: pool.#workers.size, uptime });
    });
    return pool;
  }

  // Tasks

  /**
   * Runs a task.
   * @param {object} task
   * @param {object} [options] - settings that override those of the task
   * @returns {Promise<unknown>} settled exactly once
   */
  submitTask(task, options) {
    const promise = new Promise(keepResolve);
    const resolve = latestResolve;
    try {
      const ticket = ++this.#lastTicket;
      this.#tasks.submit(ticket, resolveTask(task, options, this.#isolation), resolve);
    } catch (error) {
      reject(resolve, error);
    }
    return promise;
  }

  /**
   * Runs tasks.
   * @param {Iterable<object>} tasks
   * @returns {Promise<PromiseSettledResult<unknown>[]>} in the order of the tasks
   */
  submitTasks(tasks) {
    return new Promise((resolve) => {
      if (typeof tasks?.[Symbol.iterator] !== 'function' || typeof tasks === 'string') {
        throw invalid('tasks', tasks, 'an iterable of tasks');
      }
      const list = Array.isArray(tasks) ? tasks : Array.from(tasks);
      const { length } = list;
      if (length === 0) return resolve([]);
      const first = this.#lastTicket + 1;
      this.#lastTicket += length;
      const batch = new Batch(first, length, resolve);
      for (let i = 0; i < length; i++) {
        try {
          this.#tasks.submit(first + i, resolveTask(list[i], undefined, this.#isolation), batch);
        } catch (error) {
          batch.reject(first + i, error);
        }
      }
    });
  }

  /**
   * Runs a task for each item, and gives the results in the order of the items. Holds at most `concurrency` tasks that
   * were submitted and whose result was not read. The rest is aborted when the caller stops.
   * @param {Iterable<unknown> | AsyncIterable<unknown>} items
   * @param {(item: unknown, index: number) => object | Promise<object>} toTask
   * @param {{ concurrency?: number, signal?: AbortSignal }} [options]
   * @returns {AsyncGenerator<unknown>} throws what a task rejects with, in its turn
   */
  map(items, toTask, options = {}) {
    return mapTasks(this, items, toTask, options, 2 * this.#workers.size * this.#options.tasksPerWorker);
  }

  /** Whether the queue was full and has not been empty since. The event `'drain'` follows. */
  get needsDrain() {
    if (!this.#lifecycle.isShuttingDown) this.#submission.flush();
    return this.#native.needsDrain();
  }

  /** Resolves when no task is waiting or running. */
  drain() {
    return this.#lifecycle.drain();
  }

  /** Starts no further task until `resume()`. Running tasks go on. */
  pause() {
    this.#lifecycle.open().pause(true);
  }

  resume() {
    this.#lifecycle.open().pause(false);
  }

  // Dead letters

  /** Tasks that failed for good, with the error of each attempt, oldest first. */
  getDeadLetterQueue() {
    return this.#deadLetters.list((failure, value, task) => this.#dispatcher.toError(failure, value, task));
  }

  /**
   * Submits a dead letter again, with all its attempts. It stays where it is when the pool refuses it.
   * @param {string} id - of the task; the oldest dead letter with this id is taken
   * @returns {Promise<unknown>} as that of `submitTask`
   */
  retryDeadLetter(id) {
    return new Promise((resolve) => {
      const letter = this.#deadLetters.find(id);
      this.#lifecycle.open();
      this.#deadLetters.retry(letter, id, () => ++this.#lastTicket, resolve);
      this.#lifecycle.update();
    });
  }

  /** Removes all dead letters. @returns {number} how many there were */
  clearDeadLetterQueue() {
    return this.#deadLetters.clear();
  }

  /** For code that was written for a pool of processes. */
  get taskQueue() {
    return { getDeadLetterQueue: () => this.getDeadLetterQueue() };
  }

  // Workers

  /** Number of wanted workers. */
  get size() {
    return this.#workers.size;
  }

  /** Adds workers, up to `maxWorkers`. @returns {Promise<number>} the new size, when the workers are ready */
  scaleUp(count = 1) {
    return this.#workers.scaleUp(count);
  }

  /**
   * Removes workers, down to `minWorkers`.
   * @returns {Promise<number>} the new size, when the surplus workers have finished their tasks and are gone
   */
  scaleDown(count = 1) {
    return this.#workers.scaleDown(count);
  }

  /** @returns {Promise<number>} the new size, when it is reached */
  resize(size) {
    return this.#workers.resize(size);
  }

  /**
   * Replaces a worker after its tasks.
   * @returns {Promise<void>} when the new one is ready
   * @throws {IsolaneError} ERR_WORKER_LOST when it does not start, or is scaled away
   */
  restartWorker(workerId) {
    return this.#workers.restart(workerId);
  }

  getAllWorkersStatus() {
    return this.#workers.statuses();
  }

  /** @returns {object | undefined} undefined where there is no such worker */
  getWorkerStatus(workerId) {
    return this.#workers.status(workerId);
  }

  // State

  getPoolMetrics() {
    return poolMetrics(this.#native.status(), this.#state());
  }

  /**
   * Gives the metrics in the text format of Prometheus.
   * @param {{ labels?: Record<string, string> }} [options] - labels of every metric
   * @returns {Promise<string>}
   */
  async prometheus(options = {}) {
    check.object('options', options);
    check.noOthers('options', options, ['labels']);
    const { labels } = options;
    if (labels !== undefined) check.object('options.labels', labels);
    const status = this.#native.status();
    return prometheus(poolMetrics(status, this.#state()), status, labels);
  }

  getHealth() {
    return health(this.#native.status(), this.#state());
  }

  /** For code that was written for a pool of processes. */
  get healthMonitor() {
    return { getHealthSummary: () => healthSummary(this.#native.status(), this.#state()) };
  }

  #state() {
    return {
      options: this.#options,
      initialized: !this.#scriptLoad.isPending,
      shuttingDown: this.#lifecycle.isShuttingDown,
    };
  }

  // Lifecycle

  /**
   * Closes the pool. A graceful shutdown lets accepted tasks finish within `shutdownTimeout`. Otherwise, and after that
   * time, they reject with ERR_POOL_CLOSED, and running ones are ended. A second call with `false` ends a graceful
   * shutdown at once.
   * @returns {Promise<void>} when all threads have ended
   */
  shutdown(graceful = true) {
    check.boolean('graceful', graceful);
    return this.#lifecycle.shutdown(graceful);
  }

  [asyncDispose]() {
    return this.shutdown();
  }

  /** Lets the pool keep the process alive while it has work. This is the default. */
  ref() {
    this.#lifecycle.ref();
    return this;
  }

  /** Lets the process end even while the pool has work. */
  unref() {
    this.#lifecycle.unref();
    return this;
  }

  // Events

  removeAllListeners(...names) {
    super.removeAllListeners(...names);
    for (const name of ['newListener', 'removeListener']) super.removeAllListeners(name);
    this.#listeners.observe();
    return this;
  }
}

/**
 * `resolve` of the promise that was made last with `keepResolve`. So no function is made for each promise, nor a scope
 * that it refers to.
 */
let latestResolve;
const keepResolve = (resolve) => {
  latestResolve = resolve;
};

module.exports = { WorkerPool };
