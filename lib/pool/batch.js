'use strict';

// The tasks of one `submitTasks`: one promise for all, and no promise for each.

class Batch {
  #first;
  #results;
  #left;
  #resolve;

  /**
   * @param {number} first - ticket of the first task; the others follow
   * @param {number} length - at least 1
   * @param {(results: PromiseSettledResult<unknown>[]) => void} resolve
   */
  constructor(first, length, resolve) {
    this.#first = first;
    this.#results = new Array(length).fill(undefined);
    this.#left = length;
    this.#resolve = resolve;
  }

  fulfil(ticket, value) {
    this.#settle(ticket, { status: 'fulfilled', value });
  }

  reject(ticket, reason) {
    this.#settle(ticket, { status: 'rejected', reason });
  }

  #settle(ticket, result) {
    this.#results[ticket - this.#first] = result;
    if (--this.#left === 0) this.#resolve(this.#results);
  }
}

module.exports = { Batch };
