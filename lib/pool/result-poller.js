'use strict';

// How the JavaScript thread learns that there are results. A wake-up by the native pool takes longer than most tasks.
// So this thread polls instead, once in each turn of its event loop, where a core is left for it beside the busy
// workers, and as long as results come within `LIMIT_MS`. Where many tasks wait for a worker, it asks for one wake-up
// for many results, and reads what there is every `BATCH_MS`.

const { availableParallelism } = require('node:os');
const { WAKE_UP } = require('./collection.js');

const CORES = availableParallelism();
/** Polling stops when no result has come for so long. A worker polls as long for its next task: src/pool/spin.rs. */
const LIMIT_MS = 0.05;
const BATCH_MS = 1;

class ResultPoller {
  #isReady;
  #giveWay;
  #busy;
  #isCrowded;
  #read;
  #onStop;
  #isPolling = false;
  /** Whether results came within `LIMIT_MS` the last time. */
  #isQuick = true;
  /** When tasks were submitted or results found last. */
  #latest = 0;
  /** Reads the results of which there were too few for a wake-up. */
  #batchTimer;

  /**
   * @param {object} pool
   * @param {() => boolean} pool.isReady - whether there are results
   * @param {() => void} pool.giveWay - lets another thread run on this core
   * @param {() => number} pool.busy - the greatest possible number of busy workers
   * @param {() => boolean} pool.isCrowded - whether many tasks wait for a worker
   * @param {(wakeUp: number) => void} pool.read - reads results, and tells the native pool the wanted wake-up
   * @param {() => void} pool.onStop - called when polling has stopped
   */
  constructor({ isReady, giveWay, busy, isCrowded, read, onStop }) {
    this.#isReady = isReady;
    this.#giveWay = giveWay;
    this.#busy = busy;
    this.#isCrowded = isCrowded;
    this.#read = read;
    this.#onStop = onStop;
  }

  get isPolling() {
    return this.#isPolling;
  }

  /** Starts polling, if it is worth while. Called before tasks are submitted. @returns {boolean} whether it started */
  start() {
    this.#latest = performance.now();
    if (this.#isPolling || !this.#isQuick || !this.#hasFreeCore()) return false;
    this.#isPolling = true;
    setImmediate(this.#poll);
    return true;
  }

  /** Reads the results that the native pool has woken this thread for. */
  wakeUp() {
    if (!this.#isQuick) this.#isQuick = performance.now() - this.#latest < LIMIT_MS;
    this.#read(this.#isPolling ? WAKE_UP.NEVER : this.#sleep());
  }

  /** @returns {number} the wake-up to ask for. With that for a batch, a timer reads what is less than one. */
  #sleep() {
    if (!this.#isCrowded()) return WAKE_UP.EACH;
    if (this.#batchTimer === undefined) this.#batchTimer = setTimeout(this.#readBatch, BATCH_MS).unref();
    return WAKE_UP.BATCH;
  }

  #readBatch = () => {
    this.#batchTimer = undefined;
    if (!this.#isPolling) this.#read(this.#isReady() ? this.#sleep() : WAKE_UP.EACH);
  };

  /** Whether a core is left for this thread, and a worker is busy at all. */
  #hasFreeCore() {
    const busy = this.#busy();
    return busy > 0 && busy < CORES;
  }

  #poll = () => {
    const isReady = this.#isReady();
    if (isReady) this.#latest = performance.now();
    else if (!this.#hasFreeCore()) return this.#stop();
    else if (performance.now() - this.#latest > LIMIT_MS) {
      this.#isQuick = false;
      return this.#stop();
    }
    setImmediate(this.#poll);
    if (isReady) this.#read(WAKE_UP.NEVER);
    else this.#giveWay();
  };

  #stop() {
    this.#isPolling = false;
    this.#read(WAKE_UP.EACH);
    this.#onStop();
  }
}

module.exports = { ResultPoller };
