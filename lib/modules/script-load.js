'use strict';

// The start of a pool: waits until its first workers have loaded the worker script, and decides whether it failed.

const { IsolaneError } = require('../errors.js');

/** The first load of the worker script, by all workers that a pool starts with. */
class ScriptLoad {
  /** Fulfilled when all workers are ready, rejected with what kept one of them from it. */
  finished;
  #stackTraces;
  #isBundled;
  #remaining;
  #state = 'pending';
  #resolve;
  #reject;

  /**
   * @param {number} workers - that the pool starts with, at least 1
   * @param {import('./stack-traces.js').StackTraces} stackTraces
   * @param {boolean} isBundled - the script is a bundle, so bundling it is no remedy
   */
  constructor(workers, stackTraces, isBundled) {
    this.#remaining = workers;
    this.#stackTraces = stackTraces;
    this.#isBundled = isBundled;
    this.finished = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get isPending() {
    return this.#state === 'pending';
  }

  get hasFailed() {
    return this.#state === 'failed';
  }

  /**
   * Takes an event of the native pool while the load is pending. A worker that is lost before it ran a task fails
   * the load as well as a script that throws.
   * @param {{ event: string, workerId: number }} record
   * @returns {boolean} whether the load failed with it. `finished` rejects with ERR_MODULE_LOAD, whose hidden
   *   property `needsBundle` is true where a bundler may help, or with ERR_WORKER_LOST.
   */
  handle({ event, needsBundle, ...record }) {
    if (event === 'worker-ready') {
      if (--this.#remaining === 0) {
        this.#state = 'loaded';
        this.#resolve();
      }
      return false;
    }
    if (event === 'load-failed') {
      const error = this.#stackTraces.loadError(record);
      if (needsBundle && !this.#isBundled) Object.defineProperty(error, 'needsBundle', { value: true });
      return this.#fail(error);
    }
    if (event === 'worker-exited') {
      const { workerId, reason } = record;
      const message = `worker ${workerId} was lost while it loaded the worker script (${reason})`;
      return this.#fail(new IsolaneError('ERR_WORKER_LOST', message, { workerId }));
    }
    return false;
  }

  #fail(error) {
    this.#state = 'failed';
    this.#reject(error);
    return true;
  }
}

module.exports = { ScriptLoad };
