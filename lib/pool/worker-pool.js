'use strict';

// WorkerPool: tasks in, promises and events out. It schedules nothing; it keeps who waits for what.

const { EventEmitter } = require('node:events');
const native = require('../native/binding.js');
const { Calls } = require('../host/calls.js');
const { registerFetch } = require('../fetch/calls.js');
const { Batch } = require('./batch.js');
const check = require('../options/check.js');
const { textOf } = require('../values/clone.js');
const { Collection, toError } = require('./collection.js');
const { IsolaneError, invalid } = require('../errors.js');
const { loadError, toEvent } = require('../observe/events.js');
const { health, healthSummary, present } = require('../observe/health.js');
const { Isolation } = require('../options/isolation.js');
const { DeadLetters, picture } = require('./dead-letters.js');
const { mapTasks } = require('./map.js');
const { poolMetrics, workerStatus } = require('../observe/metrics.js');
const { nativeOptions } = require('../options/native-options.js');
const { resolveOptions } = require('../options/options.js');
const { Permissions } = require('../options/permissions.js');
const { prometheus } = require('../observe/prometheus.js');
const { bundleScript, mapStack, mapUrl, readScript } = require('../modules/script.js');
const { Signals } = require('./signals.js');
const { useSnapshot } = require('../native/snapshot.js');
const { Submission } = require('./submission.js');
const { cloneError, resolveTask } = require('../options/task.js');
const { Tickets } = require('./tickets.js');
const { Watch } = require('./watch.js');

/** Proves that the constructor is called from here. */
const INTERNAL = Symbol('isolane');

/** Frequent events, which the native pool makes only where somebody listens. */
const TOPICS = ['task-started', 'task-completed', 'task-failed', 'task-retried', 'task-dead-lettered'];

/** Lines of a task's stack that are ours. */
const OWN_FRAMES = /\n +at [^\n]*\bext:(?:isolane|core)\/[^\n]*/g;

const asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');

/**
 * A pool of isolates. Made by `createWorkerPool`.
 *
 * Its state is who waits for a task (`#tasks`, by ticket), for the pool to be idle, and for workers to
 * have reached a state. Everything else is in the native pool.
 */
class WorkerPool extends EventEmitter {
  #options;
  #isolation;
  #native;
  #collection;
  #submission;
  #watch = new Watch({
    isReady: () => this.#collection.isReady,
    giveWay: () => this.#native.giveWay(),
    busy: () => Math.min(this.#tasks.size, this.#size),
    isCrowded: () => this.#tasks.size >= 4 * this.#size * this.#options.tasksPerWorker,
    read: (attention) => this.#collection.read(attention),
    rest: () => this.#keepAlive(),
  });
  #flushing = false;
  /** Tasks that are not settled. Who waits is a promise's `resolve`, or a Batch. */
  #tasks = new Tickets();
  #ids = new Set();
  #letters = new DeadLetters();
  /** Tickets whose dead letter was cleared before their end was heard of. */
  #forgotten = new Set();
  #signals = new Signals((tickets) => {
    this.#flush();
    for (const ticket of tickets) this.#native.abort(ticket);
  });
  #calls;
  #permissions;
  #imports;
  #lastTicket = 0;
  #size;
  #script;
  #bundle;
  #initialized = false;
  #starting;
  /** Tests of the worker states, each with who waits for it to be true. */
  #waiting = new Set();
  #idle = [];
  #wanted = true;
  #alive = true;
  #shutdown;
  #closed;

  constructor(token, options) {
    if (token !== INTERNAL) {
      throw new IsolaneError('ERR_INVALID_ARG', 'a WorkerPool is made by createWorkerPool(options)');
    }
    super();
    this.#options = options;
    this.#isolation = new Isolation(options);
    this.#size = options.poolSize;
    this.#calls = new Calls(options.maxHostCalls, (call, bytes) => this.#native.answer(call, bytes));
    for (const [target, run] of options.host.functions) this.#calls.register(target, run);
    this.#permissions = new Permissions(options.permissions);
    if (this.#permissions.allowsNet) registerFetch(this.#calls, this.#permissions);
    this.#watchListeners();
  }

  /** Node calls these before a listener is added and after one is removed. */
  #watchListeners() {
    super.on('newListener', (name) => this.#listen(name));
    super.on('removeListener', () => this.#listen());
  }

  removeAllListeners(...names) {
    super.removeAllListeners(...names);
    for (const name of ['newListener', 'removeListener']) super.removeAllListeners(name);
    this.#watchListeners();
    this.#listen();
    return this;
  }

  /**
   * @param {object} [options]
   * @returns {Promise<WorkerPool>} when all workers are ready
   * @throws {IsolaneError} ERR_INVALID_ARG, ERR_MODULE_LOAD
   */
  static async create(options) {
    const pool = new WorkerPool(INTERNAL, resolveOptions(options));
    const script = await readScript(pool.#options.workerScript);
    pool.#script = script;
    pool.#imports = await pool.#permissions.imports();
    try {
      await pool.#start(script);
    } catch (error) {
      if (!error.needsBundle) throw error;
      pool.#bundle = await bundleScript(script, error.message);
      await pool.#start(pool.#bundle);
    }
    pool.#initialized = true;
    pool.#keepAlive();
    setImmediate(() => pool.#announce('pool-initialized', { size: pool.#size, uptime: pool.#native.status().uptime }));
    return pool;
  }

  #start(script) {
    const { promise, resolve, reject } = withResolvers();
    let ready = 0;
    this.#starting = {
      ready: () => {
        if (++ready < this.#options.poolSize) return;
        this.#starting = undefined;
        resolve();
      },
      failed: (error) => {
        this.#starting = undefined;
        this.#native.close();
        this.#native.keepAlive(false);
        this.#native = undefined;
        reject(error);
      },
    };
    useSnapshot();
    const started = new native.NativePool(
      nativeOptions(this.#options, script, this.#permissions, this.#imports),
      () => {
        // One that failed to start may still have news, which nobody waits for.
        if (started === this.#native) this.#watch.woken();
      },
    );
    this.#native = started;
    this.#collection = new Collection(started, this.#reader);
    this.#submission = new Submission(started);
    this.#alive = false;
    this.#keepAlive();
    this.#listen();
    return promise;
  }

  // Tasks

  /**
   * @param {object} task
   * @param {object} [options] - settings that win over those of the task
   * @returns {Promise<unknown>} settles exactly once
   */
  submitTask(task, options) {
    const promise = new Promise(keepResolve);
    const resolve = latestResolve;
    try {
      const ticket = ++this.#lastTicket;
      this.#submit(ticket, resolveTask(task, options, this.#isolation), resolve);
    } catch (error) {
      reject(resolve, error);
    }
    return promise;
  }

  /**
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
          this.#submit(first + i, resolveTask(list[i], undefined, this.#isolation), batch);
        } catch (error) {
          batch.reject(first + i, error);
        }
      }
    });
  }

  #submit(ticket, task, waiter) {
    if (this.#shutdown !== undefined) throw new IsolaneError('ERR_POOL_CLOSED', 'pool is closed', { taskId: task.id });
    const { id, type, metadata, signal } = task;
    if (id !== undefined && this.#ids.has(id)) {
      throw invalid('task.id', id, 'unique among the tasks that are not settled');
    }
    const taskId = () => id ?? `task-${ticket}`;
    if (signal?.aborted) throw abortError(signal.reason, taskId(), type);
    try {
      this.#submission.add(ticket, task);
    } catch (cause) {
      throw cloneError(task, taskId(), cause);
    }
    // From here on nothing throws.
    if (id !== undefined) this.#ids.add(id);
    if (signal !== undefined) this.#signals.obey(signal, ticket);
    const isPlain = id === undefined && metadata === undefined && signal === undefined;
    this.#tasks.add(ticket, waiter, type, isPlain ? undefined : { id, metadata, signal });
    if (this.#tasks.size === 1) this.#keepAlive();
    if (this.#submission.isFull) this.#flush();
    else if (!this.#flushing) {
      this.#flushing = true;
      queueMicrotask(this.#flushLater);
    }
  }

  #flushLater = () => this.#flush();

  #flush() {
    this.#flushing = false;
    if (this.#submission.isEmpty) return;
    this.#submission.flush(this.#watch.begin());
  }

  #reader = {
    done: (ticket, value) => {
      const { waiter } = this.#take(ticket);
      if (typeof waiter === 'function') waiter(value);
      else waiter.fulfil(ticket, value);
      if (this.#tasks.size === 0) this.#becomeIdle();
    },
    failed: (ticket, failure, value) => {
      const task = this.#take(ticket);
      if (failure.kept && !this.#forgotten.delete(ticket)) this.#letters.keep(ticket, task);
      this.#fail(task, () => this.#failure(failure, value, task), 'error');
    },
    /** What cannot be read costs its own task alone, not the others of the same reading. */
    unreadable: (ticket, cause) => {
      const task = this.#take(ticket);
      this.#fail(
        task,
        () => {
          throw cause;
        },
        'result',
      );
    },
    event: (record) => this.#handle(record),
    call: (call, value) => this.#calls.begin(call, value, this.#tasks.get(call.ticket)),
    callerOver: (ticket, attempt) => this.#calls.end(ticket, attempt),
  };

  /** Lets go of what a task that is over had. */
  #take(ticket) {
    const task = this.#tasks.take(ticket);
    if (task.more !== undefined) {
      const { id, signal } = task.more;
      if (id !== undefined) this.#ids.delete(id);
      if (signal !== undefined) this.#signals.leave(signal, ticket);
    }
    this.#calls.end(ticket);
    return task;
  }

  #fail(task, toError, what) {
    const { ticket, waiter, id: taskId, type } = task;
    let error;
    try {
      error = toError();
    } catch (cause) {
      error = new IsolaneError('ERR_DATA_CLONE', `${what} cannot be read: ${cause.message}`, { cause, taskId, type });
    }
    if (typeof waiter === 'function') reject(waiter, error);
    else waiter.reject(ticket, error);
    if (this.#tasks.size === 0) this.#becomeIdle();
  }

  #failure(failure, value, entry) {
    const error = toError(failure, value, entry, {
      reason: entry.signal?.reason,
      memoryLimitMB: this.#options.workerMemoryLimitMB,
    });
    if (error.code === 'ERR_TASK_FAILED')
      mapStacks(error.cause, (stack) => this.#mapStack(stack.replace(OWN_FRAMES, '')));
    return error;
  }

  #mapStack(stack) {
    if (this.#bundle !== undefined) return mapStack(stack, this.#bundle);
    return this.#script === undefined ? stack : mapUrl(stack, this.#script);
  }

  #becomeIdle() {
    // The next task may come at once.
    if (!this.#watch.isOn) this.#keepAlive();
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolveAfterTasks(resolve);
  }

  /** Resolves when no task is waiting or running. */
  drain() {
    if (this.#tasks.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Starts no further task until `resume()`. Running ones go on. */
  pause() {
    this.#open().pause(true);
  }

  resume() {
    this.#open().pause(false);
  }

  /** Whether the queue was full and is not empty since: a caller that waits for `'drain'` now is kind. */
  get needsDrain() {
    if (this.#shutdown === undefined) this.#flush();
    return this.#native.needsDrain();
  }

  /**
   * Runs a task for each item, results in the order of the items. Holds at most `concurrency` tasks that
   * were submitted and whose result was not read; what is left when the caller stops is aborted.
   * @param {Iterable<unknown> | AsyncIterable<unknown>} items
   * @param {(item: unknown, index: number) => object | Promise<object>} toTask
   * @param {{ concurrency?: number, signal?: AbortSignal }} [options]
   * @returns {AsyncGenerator<unknown>} throws what a task rejects with, at its place
   */
  map(items, toTask, options = {}) {
    const isIterable = items?.[Symbol.asyncIterator] !== undefined || items?.[Symbol.iterator] !== undefined;
    if (!isIterable) throw invalid('items', items, 'an iterable or async iterable');
    if (typeof toTask !== 'function') throw invalid('toTask', toTask, 'a function that gives a task for an item');
    check.object('options', options);
    check.noOthers('options', options, ['concurrency', 'signal']);
    const { concurrency = 2 * this.#size * this.#options.tasksPerWorker, signal } = options;
    check.integer(1)('options.concurrency', concurrency);
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw invalid('options.signal', signal, 'an AbortSignal');
    }
    return mapTasks(this, items, toTask, { concurrency, signal });
  }

  // Dead letters

  /** Tasks that failed for good, with the error of each attempt, oldest first. */
  getDeadLetterQueue() {
    return this.#native.deadLetters().map((letter) => {
      const name = this.#letters.get(letter.ticket) ?? this.#tasks.get(letter.ticket);
      return picture(letter, name, (failure, value) => this.#failure(failure, value, name));
    });
  }

  /**
   * Submits a dead letter again, with all its attempts. It stays where it is if the pool refuses it.
   * @param {string} id - of the task; where several have it, the oldest is meant
   * @returns {Promise<unknown>} as `submitTask`
   */
  retryDeadLetter(id) {
    return new Promise((resolve) => this.#revive(this.#letters.find(check.text('id', id)), id, resolve));
  }

  #revive(letter, id, resolve) {
    const open = this.#open();
    if (letter === undefined) throw invalid('id', id, 'the id of a dead letter');
    if (this.#ids.has(id)) throw invalid('id', id, 'that of a task that is not running again already');
    const ticket = ++this.#lastTicket;
    this.#ids.add(id);
    const { type, metadata } = this.#letters.get(letter);
    this.#tasks.add(ticket, resolve, type, { id, metadata });
    const accepted = open.revive(letter, ticket);
    if (accepted === null) {
      this.#ids.delete(id);
      this.#tasks.take(ticket);
      throw invalid('id', id, 'the id of a dead letter');
    }
    // A refused one stays, and the task is about to be rejected.
    if (accepted) this.#letters.forget(letter);
    this.#keepAlive();
  }

  /** @returns {number} of letters that were there */
  clearDeadLetterQueue() {
    const cleared = this.#native.clearDeadLetters();
    for (const ticket of cleared) {
      this.#letters.forget(ticket);
      // Its end may not have been heard of yet.
      if (this.#tasks.get(ticket) !== undefined) this.#forgotten.add(ticket);
    }
    return cleared.length;
  }

  /** For code that was written for a pool of processes. */
  get taskQueue() {
    return { getDeadLetterQueue: () => this.getDeadLetterQueue() };
  }

  // Workers

  /** Workers wanted. */
  get size() {
    return this.#size;
  }

  /** @returns {Promise<number>} the new size, when the workers are ready */
  async scaleUp(count = 1) {
    check.integer(1)('count', count);
    return this.#scale(Math.min(this.#size + count, this.#options.maxWorkers));
  }

  /** @returns {Promise<number>} the new size, when the surplus workers have ended their tasks and are gone */
  async scaleDown(count = 1) {
    check.integer(1)('count', count);
    return this.#scale(Math.max(this.#size - count, this.#options.minWorkers));
  }

  /** @returns {Promise<number>} the new size, when it is reached */
  async resize(size) {
    return this.#scale(check.integer(this.#options.minWorkers, this.#options.maxWorkers)('size', size));
  }

  async #scale(size) {
    this.#open().scale(size);
    this.#size = size;
    await this.#until((workers) => !workers.some(({ state }) => state === 'starting' || state === 'draining'));
    return size;
  }

  /**
   * Replaces a worker after its tasks.
   * @returns {Promise<void>} when the new one is ready
   * @throws {IsolaneError} ERR_WORKER_LOST when it does not start, or is scaled away
   */
  async restartWorker(workerId) {
    const open = this.#open();
    const before = this.#worker(check.integer(0)('workerId', workerId));
    if (before === undefined) throw invalid('workerId', workerId, 'the id of a worker of this pool');
    open.restart(workerId);
    // Or it is no more: it does not start, or it was scaled away.
    const now = (workers) => workers.find((worker) => worker.workerId === workerId);
    const isNew = (worker) => worker.state === 'ready' && worker.generation > before.generation;
    await this.#until((workers) => isNew(now(workers)) || ['down', 'gone'].includes(now(workers).state));
    this.#open();
    if (isNew(now(this.#native.status().workers))) return;
    throw new IsolaneError('ERR_WORKER_LOST', `worker ${workerId} did not start again`, { workerId });
  }

  /** Resolves when the workers pass a test, or the pool is closed. */
  #until(test) {
    if (test(this.#native.status().workers)) return Promise.resolve();
    const { promise, resolve } = withResolvers();
    this.#waiting.add({ test, resolve });
    this.#keepAlive();
    return promise;
  }

  #reviewWaiting() {
    if (this.#waiting.size === 0) return;
    const { workers } = this.#native.status();
    for (const waiting of this.#waiting) {
      if (this.#closed === undefined && !waiting.test(workers)) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
    this.#keepAlive();
  }

  // State

  getPoolMetrics() {
    return this.#metricsOf(this.#native.status());
  }

  /**
   * The metrics in the text format of Prometheus.
   * @param {{ labels?: Record<string, string> }} [options] - labels that every figure gets
   * @returns {Promise<string>}
   */
  async prometheus(options = {}) {
    check.object('options', options);
    check.noOthers('options', options, ['labels']);
    const { labels } = options;
    if (labels !== undefined) check.object('options.labels', labels);
    const status = this.#native.status();
    return prometheus(this.#metricsOf(status), status, labels);
  }

  #metricsOf(status) {
    return poolMetrics(status, { ...this.#state(), initialized: this.#initialized });
  }

  getAllWorkersStatus() {
    return this.#native.status().workers.filter(present).map(workerStatus);
  }

  /** @returns the status, or undefined where there is no such worker */
  getWorkerStatus(workerId) {
    const worker = this.#worker(check.integer(0)('workerId', workerId));
    return worker && workerStatus(worker);
  }

  getHealth() {
    return health(this.#native.status(), this.#state());
  }

  /** For code that was written for a pool of processes. */
  get healthMonitor() {
    return { getHealthSummary: () => healthSummary(this.#native.status(), this.#state()) };
  }

  #state() {
    return { options: this.#options, shuttingDown: this.#shutdown !== undefined };
  }

  #worker(workerId) {
    return this.#native.status().workers.find((worker) => worker.workerId === workerId && present(worker));
  }

  /** The native pool, with every task that was submitted before. */
  #open() {
    if (this.#shutdown !== undefined) throw new IsolaneError('ERR_POOL_CLOSED', 'pool is closed');
    this.#flush();
    return this.#native;
  }

  // Life

  /**
   * Ends the pool. Gracefully, accepted tasks may end within `shutdownTimeout`; otherwise, and after
   * that time, they reject with ERR_POOL_CLOSED and what runs is ended. A second call with `false`
   * makes an end of a graceful one.
   * @returns {Promise<void>} when all threads have ended
   */
  shutdown(graceful = true) {
    check.boolean('graceful', graceful);
    const isFirst = this.#shutdown === undefined;
    this.#shutdown ??= withResolvers();
    if (this.#closed === undefined && (isFirst || !graceful)) {
      this.#flush();
      this.#native.close(graceful ? Math.min(this.#options.shutdownTimeout, Number.MAX_SAFE_INTEGER) : undefined);
      this.#keepAlive();
    }
    return this.#shutdown.promise;
  }

  [asyncDispose]() {
    return this.shutdown();
  }

  /** Lets the pool keep the process alive while it has work; that is how it begins. */
  ref() {
    this.#wanted = true;
    this.#keepAlive();
    return this;
  }

  /** Lets the process end even while the pool has work. */
  unref() {
    this.#wanted = false;
    this.#keepAlive();
    return this;
  }

  #keepAlive() {
    const hasWork =
      this.#tasks.size > 0 ||
      this.#starting !== undefined ||
      this.#waiting.size > 0 ||
      (this.#shutdown !== undefined && this.#closed === undefined);
    const alive = this.#wanted && hasWork;
    if (alive === this.#alive) return;
    this.#alive = alive;
    this.#native.keepAlive(alive);
  }

  // Events

  #listen(added) {
    if (this.#native === undefined) return;
    const wants = (name) => name === added || this.listenerCount(name) > 0;
    const topics = TOPICS.filter(wants);
    const lines = this.#options.console;
    if (lines === 'inherit' || (lines === 'event' && wants('console'))) topics.push('console');
    this.#native.listen(topics);
  }

  #handle(record) {
    // What a pool that failed to start has left in the same reading.
    if (this.#native === undefined) return;
    const { event } = record;
    if (event === 'closed') return this.#close();
    if (event === 'console' && this.#options.console === 'inherit') return console[record.level](record.text);
    if (event.startsWith('pool-scaled-')) this.#size = record.to;
    if (this.#starting !== undefined && this.#watchStart(record)) return;
    const [name, details] = toEvent(record, {
      options: this.#options,
      bundle: this.#bundle,
      named: (record) => this.#named(record),
    });
    if (event === 'dead-letter-dropped') this.#letters.forget(record.ticket);
    this.#announce(name, details);
    if (event.startsWith('worker-')) this.#reviewWaiting();
  }

  /** Puts the public names of a task in place of its ticket. */
  #named({ ticket, ...record }) {
    if (ticket === undefined || ticket === null) return record;
    const task = this.#tasks.get(ticket) ?? this.#letters.get(ticket);
    return { taskId: task?.id ?? `task-${ticket}`, type: task?.type, metadata: task?.metadata, ...record };
  }

  /** @returns whether this was the end of the start: a worker that is lost before any task ran is no pool */
  #watchStart({ event, needsBundle, ...record }) {
    if (event === 'worker-ready') this.#starting.ready();
    if (event === 'load-failed') {
      const error = loadError(record, this.#bundle);
      if (needsBundle && this.#bundle === undefined) Object.defineProperty(error, 'needsBundle', { value: true });
      this.#starting.failed(error);
      return true;
    }
    if (event === 'worker-exited') {
      const { workerId, reason } = record;
      const message = `worker ${workerId} was lost while it loaded the worker script (${reason})`;
      this.#starting.failed(new IsolaneError('ERR_WORKER_LOST', message, { workerId }));
      return true;
    }
    return false;
  }

  #close() {
    this.#closed = true;
    this.#permissions.close();
    this.#native.join();
    this.#reviewWaiting();
    this.#announce('pool-shutdown', { uptime: this.#native.status().uptime });
    if (this.#shutdown !== undefined) resolveAfterTasks(this.#shutdown.resolve);
    this.#keepAlive();
  }

  /** Emits an event; a listener that throws is warned of, and hurts neither the pool nor the others. */
  #announce(name, details) {
    if (this.listenerCount(name) === 0) return;
    for (const listener of this.rawListeners(name)) {
      try {
        Reflect.apply(listener, this, [details]);
      } catch (error) {
        process.emitWarning(`a listener of '${name}' threw: ${describe(error)}`, 'IsolaneWarning');
      }
    }
  }
}

/** What `new Promise` gave last. A function for each promise, and what it refers to, would be made for nothing. */
let latestResolve;
const keepResolve = (resolve) => {
  latestResolve = resolve;
};

/** A task that waits keeps one function of its promise, not two: a rejected promise rejects it as well. */
const reject = (resolve, error) => resolve(Promise.reject(error));

/** So that whoever waits for the end of all tasks hears of it after those who wait for one that was rejected. */
const resolveAfterTasks = (resolve) => resolve(Promise.resolve());

function abortError(reason, taskId, type) {
  return new IsolaneError('ERR_TASK_ABORTED', 'task was aborted', { cause: reason, taskId, type });
}

/** Rewrites the stacks of an error, its causes and an aggregate's errors. */
function mapStacks(error, map, seen = new Set()) {
  if (!(error instanceof Error) || seen.has(error)) return;
  seen.add(error);
  if (typeof error.stack === 'string') error.stack = map(error.stack);
  mapStacks(error.cause, map, seen);
  if (Array.isArray(error.errors)) for (const inner of error.errors) mapStacks(inner, map, seen);
}

/** What was thrown, whatever it is. */
function describe(error) {
  try {
    return String(error?.stack ?? error);
  } catch {
    return textOf(error);
  }
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function withResolvers() {
  const resolvers = {};
  resolvers.promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  return resolvers;
}

module.exports = { WorkerPool };
