'use strict';

// The limits `maxRequests` and `maxConcurrent` of `permissions.net`.

/** The requests of one task: counts them, and queues those that exceed the number of concurrent ones. */
class RequestLimits {
  #maxRequests;
  #maxConcurrent;
  #made = 0;
  #open = 0;
  #waiting = [];

  /** @param {{ maxRequests: number, maxConcurrent: number }} limits */
  constructor({ maxRequests, maxConcurrent }) {
    this.#maxRequests = maxRequests;
    this.#maxConcurrent = maxConcurrent;
  }

  /** Counts a request; a redirect is one more. @returns {boolean} false when the task has made all its requests */
  take() {
    if (this.#made >= this.#maxRequests) return false;
    this.#made++;
    return true;
  }

  /**
   * Waits until the request may start.
   * @param {AbortSignal} signal - removes the request from the queue
   * @returns {Promise<() => void>} has to be called when the request is over, and may be called more than once
   * @throws {unknown} the reason of the signal
   */
  async acquire(signal) {
    signal.throwIfAborted();
    if (this.#open < this.#maxConcurrent) this.#open++;
    else await this.#queue(signal);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      // The next request in the queue takes over its slot.
      const next = this.#waiting.shift();
      if (next === undefined) this.#open--;
      else next();
    };
  }

  #queue(signal) {
    return new Promise((resolve, reject) => {
      const cancel = () => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1);
        reject(signal.reason);
      };
      const start = () => {
        signal.removeEventListener('abort', cancel);
        resolve();
      };
      this.#waiting.push(start);
      signal.addEventListener('abort', cancel, { once: true });
    });
  }
}

module.exports = { RequestLimits };
