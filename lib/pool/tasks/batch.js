'use strict';

// The results of one `submitTasks` call, which has one promise for all its tasks and none for each of them.

class Batch {
  #firstTicket;
  #results;
  #pending;
  #resolve;

  /**
   * @param {number} firstTicket - the other tasks have the tickets after it
   * @param {number} length - number of tasks, at least 1
   * @param {(results: PromiseSettledResult<unknown>[]) => void} resolve - called when all tasks are settled
   */
  constructor(firstTicket, length, resolve) {
    this.#firstTicket = firstTicket;
    this.#results = new Array(length).fill(undefined);
    this.#pending = length;
    this.#resolve = resolve;
  }

  fulfil(ticket, value) {
    this.#settle(ticket, { status: 'fulfilled', value });
  }

  reject(ticket, reason) {
    this.#settle(ticket, { status: 'rejected', reason });
  }

  #settle(ticket, result) {
    this.#results[ticket - this.#firstTicket] = result;
    if (--this.#pending === 0) this.#resolve(this.#results);
  }
}

module.exports = { Batch };
