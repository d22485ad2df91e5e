'use strict';

// Which tasks an AbortSignal aborts: one listener for each signal, however many its tasks are.

class Signals {
  /** signal → its tickets and the listener that aborts them. */
  #obeyed = new Map();
  #abort;

  /** @param {(tickets: Iterable<number>) => void} abort */
  constructor(abort) {
    this.#abort = abort;
  }

  obey(signal, ticket) {
    const obeyed = this.#obeyed.get(signal);
    if (obeyed !== undefined) {
      obeyed.tickets.add(ticket);
      return;
    }
    const tickets = new Set([ticket]);
    const listener = () => this.#abort(tickets);
    signal.addEventListener('abort', listener, { once: true });
    this.#obeyed.set(signal, { tickets, listener });
  }

  leave(signal, ticket) {
    const { tickets, listener } = this.#obeyed.get(signal);
    tickets.delete(ticket);
    if (tickets.size > 0) return;
    signal.removeEventListener('abort', listener);
    this.#obeyed.delete(signal);
  }
}

module.exports = { Signals };
