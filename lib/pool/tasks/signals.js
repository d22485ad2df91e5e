'use strict';

// The AbortSignals of tasks. Each signal has one listener, however many tasks share it.

class Signals {
  /** signal → the tickets of its tasks, and the listener that aborts them. */
  #registered = new Map();
  #abort;

  /** @param {(tickets: Iterable<number>) => void} abort - called once for each signal that is aborted */
  constructor(abort) {
    this.#abort = abort;
  }

  /** Aborts the task when the signal is aborted. */
  register(signal, ticket) {
    const registered = this.#registered.get(signal);
    if (registered !== undefined) {
      registered.tickets.add(ticket);
      return;
    }
    const tickets = new Set([ticket]);
    const listener = () => this.#abort(tickets);
    signal.addEventListener('abort', listener, { once: true });
    this.#registered.set(signal, { tickets, listener });
  }

  /** Removes a task that is registered with the signal. The last one removes the listener. */
  unregister(signal, ticket) {
    const { tickets, listener } = this.#registered.get(signal);
    tickets.delete(ticket);
    if (tickets.size > 0) return;
    signal.removeEventListener('abort', listener);
    this.#registered.delete(signal);
  }
}

module.exports = { Signals };
