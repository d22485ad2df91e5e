'use strict';

// The life of a pool: whether it keeps the process alive, when it is drained, and its shutdown.

const { IsolaneError } = require('../errors.js');

class Lifecycle {
  #native;
  #options;
  #permissions;
  #scriptLoad;
  #submission;
  #poller;
  #tasks;
  #workers;
  #listeners;
  /** The promises of `drain()`, by their `resolve`. */
  #drains = [];
  /** The promise of `shutdown()`; undefined before its first call. */
  #shutdown;
  #resolveShutdown;
  #isClosed = false;
  #isRef = true;
  /** Whether the native pool keeps the process alive. */
  #isAlive = false;

  /**
   * @param {import('../native/binding.js').NativePool} native
   * @param {{ shutdownTimeout: number }} options
   * @param {import('../options/permissions.js').Permissions} permissions - closed with the pool
   * @param {import('../modules/script-load.js').ScriptLoad} scriptLoad
   */
  constructor(native, options, permissions, scriptLoad) {
    this.#native = native;
    this.#options = options;
    this.#permissions = permissions;
    this.#scriptLoad = scriptLoad;
  }

  /**
   * Begins to keep the process alive. The parts are given here, because they need this object themselves.
   * @param {object} parts
   * @param {import('./submission.js').Submission} parts.submission
   * @param {import('./result-poller.js').ResultPoller} parts.poller
   * @param {import('./tasks/pending-tasks.js').PendingTasks} parts.tasks
   * @param {import('./workers.js').Workers} parts.workers
   * @param {import('../observe/listeners.js').Listeners} parts.listeners
   */
  start({ submission, poller, tasks, workers, listeners }) {
    this.#submission = submission;
    this.#poller = poller;
    this.#tasks = tasks;
    this.#workers = workers;
    this.#listeners = listeners;
    this.update();
  }

  get isShuttingDown() {
    return this.#shutdown !== undefined;
  }

  /**
   * Gives the native pool, after it has got every task that was submitted before.
   * @throws {IsolaneError} ERR_POOL_CLOSED after the first call of `shutdown`
   */
  open = () => {
    if (this.#shutdown !== undefined) throw new IsolaneError('ERR_POOL_CLOSED', 'pool is closed');
    this.#submission.flush();
    return this.#native;
  };

  ref() {
    this.#isRef = true;
    this.update();
  }

  unref() {
    this.#isRef = false;
    this.update();
  }

  /** Keeps the process alive, or no longer. Called whenever there may be work, or no more work. */
  update = () => {
    const hasWork =
      this.#tasks.size > 0 ||
      this.#scriptLoad.isPending ||
      this.#workers.isWaiting ||
      (this.#shutdown !== undefined && !this.#isClosed);
    const isAlive = this.#isRef && hasWork;
    if (isAlive === this.#isAlive) return;
    this.#isAlive = isAlive;
    this.#native.keepAlive(isAlive);
  };

  /** Resolves when no task is waiting or running. */
  drain() {
    if (this.#tasks.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#drains.push(resolve));
  }

  /** Called when the last task is settled. */
  becomeIdle = () => {
    // While this thread polls, the next task is expected at once.
    if (!this.#poller.isPolling) this.update();
    const drains = this.#drains;
    this.#drains = [];
    for (const resolve of drains) resolveAfterTasks(resolve);
  };

  /**
   * Closes the pool.
   * @param {boolean} graceful - accepted tasks may finish within `shutdownTimeout`
   * @returns {Promise<void>} the same for each call; resolves when all threads have ended
   */
  shutdown(graceful) {
    const isFirst = this.#shutdown === undefined;
    this.#shutdown ??= new Promise((resolve) => {
      this.#resolveShutdown = resolve;
    });
    if (!this.#isClosed && (isFirst || !graceful)) {
      this.#tasks.close();
      this.#submission.flush();
      this.#native.close(graceful ? Math.min(this.#options.shutdownTimeout, Number.MAX_SAFE_INTEGER) : undefined);
      this.update();
    }
    return this.#shutdown;
  }

  /** Ends a pool that failed to start. */
  discard() {
    this.#native.close();
    this.update();
  }

  /** Called when the native pool has closed. */
  close() {
    this.#isClosed = true;
    this.#permissions.close();
    this.#native.join();
    this.#workers.close();
    this.#listeners.emit('pool-shutdown', { uptime: this.#native.status().uptime });
    if (this.#shutdown !== undefined) resolveAfterTasks(this.#resolveShutdown);
    this.update();
  }
}

/** Resolves a promise after those of tasks that were rejected before: these take more turns of the microtask queue. */
const resolveAfterTasks = (resolve) => resolve(Promise.resolve());

module.exports = { Lifecycle };
