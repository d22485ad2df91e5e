'use strict';

/**
 * What one task has left of its requests: how many it may make, and how many may be open at a time.
 * Requests above the latter wait in line.
 */
class Allowance {
  #maxRequests;
  #maxConcurrent;
  #made = 0;
  #open = 0;
  #waiting = [];

  constructor({ maxRequests, maxConcurrent }) {
    this.#maxRequests = maxRequests;
    this.#maxConcurrent = maxConcurrent;
  }

  /** Counts a request, of which a redirect makes another. @returns whether there was one left */
  take() {
    if (this.#made >= this.#maxRequests) return false;
    this.#made++;
    return true;
  }

  /**
   * Waits until the request may be open.
   * @param {AbortSignal} signal - leaves the line; its reason is thrown
   * @returns {Promise<() => void>} to be called when the request is over, any number of times
   */
  async enter(signal) {
    signal.throwIfAborted();
    if (this.#open < this.#maxConcurrent) this.#open++;
    else await this.#turn(signal);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      // The next one takes the place over.
      const next = this.#waiting.shift();
      if (next === undefined) this.#open--;
      else next();
    };
  }

  #turn(signal) {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal.reason);
      };
      const turn = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      this.#waiting.push(turn);
      signal.addEventListener('abort', leave, { once: true });
    });
  }
}

module.exports = { Allowance };
