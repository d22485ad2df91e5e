'use strict';

// The workers of a pool: their number, their statuses, and the promises that wait for them to reach a state.

const check = require('../options/check.js');
const { IsolaneError, invalid } = require('../errors.js');
const { isPresent } = require('../observe/health.js');
const { workerStatus } = require('../observe/metrics.js');

class Workers {
  #native;
  #minWorkers;
  #maxWorkers;
  #open;
  #onWait;
  #size;
  /** Tests of the workers' states, each with the promise that waits for it to pass. */
  #waits = new Set();
  #isClosed = false;

  /**
   * @param {import('../native/binding.js').NativePool} native
   * @param {{ poolSize: number, minWorkers: number, maxWorkers: number }} options
   * @param {object} pool
   * @param {() => import('../native/binding.js').NativePool} pool.open - gives the native pool when it has all tasks that
   *   were submitted before; throws ERR_POOL_CLOSED after shutdown
   * @param {() => void} pool.onWait - called when `isWaiting` may have changed
   */
  constructor(native, { poolSize, minWorkers, maxWorkers }, { open, onWait }) {
    this.#native = native;
    this.#size = poolSize;
    this.#minWorkers = minWorkers;
    this.#maxWorkers = maxWorkers;
    this.#open = open;
    this.#onWait = onWait;
  }

  /** Number of wanted workers. */
  get size() {
    return this.#size;
  }

  /** Whether a promise waits for a state of the workers. */
  get isWaiting() {
    return this.#waits.size > 0;
  }

  /** @returns {object[]} the public statuses */
  statuses() {
    return this.#native.status().workers.filter(isPresent).map(workerStatus);
  }

  /** @returns {object | undefined} the public status; undefined where there is no such worker */
  status(workerId) {
    const worker = this.#find(workerId);
    return worker && workerStatus(worker);
  }

  #find(workerId) {
    check.integer(0)('workerId', workerId);
    return this.#native.status().workers.find((worker) => worker.workerId === workerId && isPresent(worker));
  }

  /** @returns {Promise<number>} the new size, when the workers are ready */
  async scaleUp(count) {
    check.integer(1)('count', count);
    return this.#scale(Math.min(this.#size + count, this.#maxWorkers));
  }

  /** @returns {Promise<number>} the new size, when the surplus workers have finished their tasks and are gone */
  async scaleDown(count) {
    check.integer(1)('count', count);
    return this.#scale(Math.max(this.#size - count, this.#minWorkers));
  }

  /** @returns {Promise<number>} the new size, when it is reached */
  async resize(size) {
    return this.#scale(check.integer(this.#minWorkers, this.#maxWorkers)('size', size));
  }

  async #scale(size) {
    this.#open().scale(size);
    this.#size = size;
    await this.#until((workers) => !workers.some(({ state }) => state === 'starting' || state === 'draining'));
    return size;
  }

  /**
   * Replaces a worker after its tasks.
   * @param {number} workerId
   * @returns {Promise<void>} when the new one is ready
   * @throws {IsolaneError} ERR_WORKER_LOST when it does not start, or is scaled away
   */
  async restart(workerId) {
    const native = this.#open();
    const before = this.#find(workerId);
    if (before === undefined) throw invalid('workerId', workerId, 'the id of a worker of this pool');
    native.restart(workerId);
    const current = (workers) => workers.find((worker) => worker.workerId === workerId);
    const isNew = (worker) => worker.state === 'ready' && worker.generation > before.generation;
    // It is down when it does not start, and gone when it was scaled away.
    await this.#until((workers) => isNew(current(workers)) || ['down', 'gone'].includes(current(workers).state));
    this.#open();
    if (isNew(current(this.#native.status().workers))) return;
    throw new IsolaneError('ERR_WORKER_LOST', `worker ${workerId} did not start again`, { workerId });
  }

  /** Resolves when the workers pass a test, or the pool is closed. */
  #until(test) {
    if (test(this.#native.status().workers)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waits.add({ test, resolve });
      this.#onWait();
    });
  }

  /** Takes the size that the pool was scaled to, by `autoScale` for instance. */
  resized(size) {
    this.#size = size;
  }

  /** Resolves all promises that wait. */
  close() {
    this.#isClosed = true;
    this.review();
  }

  /** Resolves the promises whose test passes now. Called when the state of a worker has changed. */
  review() {
    if (this.#waits.size === 0) return;
    const { workers } = this.#native.status();
    for (const wait of this.#waits) {
      if (!this.#isClosed && !wait.test(workers)) continue;
      this.#waits.delete(wait);
      wait.resolve();
    }
    this.#onWait();
  }
}

module.exports = { Workers };
