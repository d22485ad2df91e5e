'use strict';

// Looking for results instead of sleeping until somebody wakes this thread: that takes longer than most tasks.
// Looks between two turns of the event loop, so nothing else waits for it; only for a moment, only while
// results have come that fast, and only where there is a core for it beside the workers that are busy.

const { availableParallelism } = require('node:os');

const CORES = availableParallelism();
/** As long as a worker looks for its next task, see src/pool/spin.rs. */
const LIMIT_MS = 0.05;

class Watch {
  #isReady;
  #giveWay;
  #busy;
  #read;
  #rest;
  #isOn = false;
  /** Results came in time when they were last waited for. */
  #isQuick = true;
  /** Something was handed over, or came. */
  #latest = 0;

  /**
   * @param {object} on
   * @param {() => boolean} on.isReady - whether there are results
   * @param {() => void} on.giveWay - lets another thread run on this core
   * @param {() => number} on.busy - how many workers are busy at most
   * @param {(awake: boolean) => void} on.read - reads results; `awake`: this goes on to look for more
   * @param {() => void} on.rest - called when it has stopped
   */
  constructor({ isReady, giveWay, busy, read, rest }) {
    this.#isReady = isReady;
    this.#giveWay = giveWay;
    this.#busy = busy;
    this.#read = read;
    this.#rest = rest;
  }

  get isOn() {
    return this.#isOn;
  }

  /** Tasks are about to be handed over. @returns {boolean} whether it begins to look for their results */
  begin() {
    this.#latest = performance.now();
    if (this.#isOn || !this.#isQuick || !this.#isExpecting()) return false;
    this.#isOn = true;
    setImmediate(this.#look);
    return true;
  }

  /** This thread was woken for results. */
  woken() {
    if (!this.#isQuick) this.#isQuick = performance.now() - this.#latest < LIMIT_MS;
  }

  #isExpecting() {
    const busy = this.#busy();
    return busy > 0 && busy < CORES;
  }

  #look = () => {
    const isReady = this.#isReady();
    if (isReady) this.#latest = performance.now();
    else if (!this.#isExpecting()) return this.#stop();
    else if (performance.now() - this.#latest > LIMIT_MS) {
      this.#isQuick = false;
      return this.#stop();
    }
    setImmediate(this.#look);
    if (isReady) this.#read(true);
    else this.#giveWay();
  };

  #stop() {
    this.#isOn = false;
    this.#read(false);
    this.#rest();
  }
}

module.exports = { Watch };
