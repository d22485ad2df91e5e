'use strict';

// The dead letter queue on this side. The native pool holds the tasks that failed for good, with their payloads and
// errors; this holds their ids, types and metadata, which the native pool does not know.

const check = require('../options/check.js');
const { invalid } = require('../errors.js');
const { decode, decodeDetached } = require('../values/wire.js');

class DeadLetters {
  /** Ticket → { id, type, metadata }, oldest first. */
  #letters = new Map();
  /** Tickets of dead letters that were cleared before the failure of their task was read. */
  #cleared = new Set();
  #native;
  #tasks;

  /**
   * @param {import('../native/binding.js').NativePool} native
   * @param {import('./pending-tasks.js').PendingTasks} tasks
   */
  constructor(native, tasks) {
    this.#native = native;
    this.#tasks = tasks;
  }

  /** Adds a task whose failure was read, and which the native pool has kept. */
  add({ ticket, id, type, metadata }) {
    if (!this.#cleared.delete(ticket)) this.#letters.set(ticket, { id, type, metadata });
  }

  /** @returns {{ id: string, type: string, metadata?: unknown } | undefined} */
  get(ticket) {
    return this.#letters.get(ticket);
  }

  /** Removes a dead letter that the native pool has dropped. */
  delete(ticket) {
    this.#letters.delete(ticket);
  }

  /**
   * Lists the public dead letters, oldest first.
   * @param {(failure: import('./failure.js').Failure, value: Buffer, task: object) => Error} toError
   * @returns {object[]}
   */
  list(toError) {
    return this.#native.deadLetters().map((letter) => {
      // The failure of the task may not have been read yet.
      const task = this.#letters.get(letter.ticket) ?? this.#tasks.get(letter.ticket);
      return toDeadLetter(letter, task, toError);
    });
  }

  /** @returns {number | undefined} the ticket of the oldest dead letter with this id */
  find(id) {
    check.text('id', id);
    for (const [ticket, letter] of this.#letters) if (letter.id === id) return ticket;
    return undefined;
  }

  /**
   * Submits a dead letter again, as a new task with the same id. It stays a dead letter when the pool refuses it,
   * for instance because the queue is full; its promise is rejected then.
   * @param {number | undefined} letter - that `find` has returned
   * @param {string} id
   * @param {() => number} nextTicket - gives the ticket of the new task
   * @param {(value: unknown) => void} resolve - of its promise
   * @throws {IsolaneError} ERR_INVALID_ARG when there is no such dead letter, or a task with its id is not settled
   */
  retry(letter, id, nextTicket, resolve) {
    if (letter === undefined) throw invalid('id', id, 'the id of a dead letter');
    if (this.#tasks.hasId(id)) throw invalid('id', id, 'that of a task that is not running again already');
    const { type, metadata } = this.#letters.get(letter);
    const ticket = nextTicket();
    this.#tasks.add(ticket, resolve, type, id, metadata);
    const isAccepted = this.#native.revive(letter, ticket);
    if (isAccepted === null) {
      this.#tasks.take(ticket);
      throw invalid('id', id, 'the id of a dead letter');
    }
    if (isAccepted) this.#letters.delete(letter);
  }

  /** Removes all dead letters. @returns {number} how many there were */
  clear() {
    const cleared = this.#native.clearDeadLetters();
    for (const ticket of cleared) {
      this.#letters.delete(ticket);
      // The failure of the task may not have been read yet.
      if (this.#tasks.get(ticket) !== undefined) this.#cleared.add(ticket);
    }
    return cleared.length;
  }
}

/**
 * Makes a public dead letter.
 * @param {import('../native/binding.js').NativeLetter} letter - its times are ages in ms
 * @param {{ id: string, type: string, metadata?: unknown }} task
 * @param {(failure: object, value: Buffer, task: object) => Error} toError
 */
function toDeadLetter(letter, task, toError) {
  const now = Date.now();
  const errors = letter.errors.map(({ attempt, workerId, at, value, ...failure }) => ({
    attempt,
    workerId,
    at: Math.round(now - at),
    error: toError({ ...failure, attempts: attempt }, value, task),
  }));
  const value = letter.moved > 0 ? decodeDetached(letter.value, letter.moved) : decode(letter.value);
  return {
    id: task.id,
    type: task.type,
    ...(letter.kind === 'handler' ? { payload: value } : { code: letter.code, ...value }),
    priority: letter.priority,
    metadata: task.metadata,
    attempts: letter.attempts,
    submittedAt: Math.round(now - letter.submitted),
    failedAt: Math.round(now - letter.died),
    error: errors.at(-1).error,
    errors,
  };
}

module.exports = { DeadLetters };
