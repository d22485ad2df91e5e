'use strict';

// How this thread waits for results. To be woken takes longer than most tasks, so it looks for them where there
// is a core for it beside the workers that are busy: between two turns of the event loop, so nothing else waits,
// for a moment only, and only while results have come that fast. Where many tasks wait it dozes: it is woken
// for many results at once, and looks by itself every millisecond as long as there are any.

const { availableParallelism } = require('node:os');
const { ATTENTION } = require('./collection.js');

const CORES = availableParallelism();
/** As long as a worker looks for its next task, see src/pool/spin.rs. */
const LIMIT_MS = 0.05;
const DOZE_MS = 1;

class Watch {
  #isReady;
  #giveWay;
  #busy;
  #isCrowded;
  #read;
  #rest;
  #isOn = false;
  /** Results came in time when they were last waited for. */
  #isQuick = true;
  /** Something was handed over, or came. */
  #latest = 0;
  /** Ends a doze in which nothing has come. */
  #dozing;

  /**
   * @param {object} on
   * @param {() => boolean} on.isReady - whether there are results
   * @param {() => void} on.giveWay - lets another thread run on this core
   * @param {() => number} on.busy - how many workers are busy at most
   * @param {() => boolean} on.isCrowded - whether many tasks wait for a worker
   * @param {(attention: number) => void} on.read - reads results
   * @param {() => void} on.rest - called when it has stopped
   */
  constructor({ isReady, giveWay, busy, isCrowded, read, rest }) {
    this.#isReady = isReady;
    this.#giveWay = giveWay;
    this.#busy = busy;
    this.#isCrowded = isCrowded;
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
    this.#read(this.#isOn ? ATTENTION.AWAKE : this.#doze());
  }

  #doze() {
    if (!this.#isCrowded()) return ATTENTION.ASLEEP;
    if (this.#dozing === undefined) this.#dozing = setTimeout(this.#lookUp, DOZE_MS).unref();
    return ATTENTION.DOZING;
  }

  #lookUp = () => {
    this.#dozing = undefined;
    if (!this.#isOn) this.#read(this.#isReady() ? this.#doze() : ATTENTION.ASLEEP);
  };

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
    if (isReady) this.#read(ATTENTION.AWAKE);
    else this.#giveWay();
  };

  #stop() {
    this.#isOn = false;
    this.#read(ATTENTION.ASLEEP);
    this.#rest();
  }
}

module.exports = { Watch };
