'use strict';

// Who waits for which task, by ticket. Tickets count up, so they are kept in short rows: no growth moves
// what is there, as that of a large Map does, and a task that waits takes one field of a row. One more where
// the types in the row differ, and one where any has what few tasks have.

const ROW = 64;

/** A task that is not settled, as it is looked at for a moment. */
class Waiting {
  /**
   * @param {number} ticket
   * @param {Waiter} waiter
   * @param {string} type
   * @param {{ id?: string, metadata?: unknown, signal?: AbortSignal } | undefined} more - what few tasks have
   */
  constructor(ticket, waiter, type, more) {
    this.ticket = ticket;
    this.waiter = waiter;
    this.type = type;
    this.more = more;
  }

  get id() {
    return this.more?.id ?? `task-${this.ticket}`;
  }

  get metadata() {
    return this.more?.metadata;
  }

  get signal() {
    return this.more?.signal;
  }
}

class Tickets {
  /** number of the row → Row. */
  #rows = new Map();
  /** The one that was used last: mostly, tickets come in their order. */
  #row = new Row(-1);
  /** That of the greatest ticket; it stays when it is empty, for the next one. */
  #newest = this.#row;
  #size = 0;

  /** How many tasks are not settled. */
  get size() {
    return this.#size;
  }

  /** @param {number} ticket - not there; the others as {@link Waiting} has them */
  add(ticket, waiter, type, more) {
    const row = this.#rowOf(ticket) ?? this.#newRow(Math.floor(ticket / ROW));
    row.put(ticket, waiter, type, more);
    this.#size++;
  }

  /** @returns {Waiting | undefined} */
  get(ticket) {
    return this.#rowOf(ticket)?.get(ticket);
  }

  /** Lets go of a task that is there. @returns {Waiting} */
  take(ticket) {
    const row = this.#rowOf(ticket);
    const waiting = row.get(ticket);
    row.clear(ticket);
    this.#size--;
    this.#dropIfEmpty(row);
    return waiting;
  }

  #rowOf(ticket) {
    const number = Math.floor(ticket / ROW);
    if (this.#row.number === number) return this.#row;
    const row = this.#rows.get(number);
    if (row !== undefined) this.#row = row;
    return row;
  }

  #newRow(number) {
    const row = new Row(number);
    this.#rows.set(number, row);
    this.#row = row;
    if (number > this.#newest.number) {
      const older = this.#newest;
      this.#newest = row;
      this.#dropIfEmpty(older);
    }
    return row;
  }

  #dropIfEmpty(row) {
    if (row.tasks > 0 || row === this.#newest) return;
    this.#rows.delete(row.number);
    if (this.#row === row) this.#row = this.#newest;
  }
}

class Row {
  tasks = 0;
  #waiters = fields(undefined);
  /** Of all its tasks, unless there are types. */
  #type;
  #types;
  #more;

  constructor(number) {
    this.number = number;
  }

  put(ticket, waiter, type, more) {
    const at = ticket % ROW;
    if (this.tasks === 0) {
      this.#type = type;
      this.#types = undefined;
    } else if (this.#types === undefined && type !== this.#type) {
      this.#types = fields(this.#type);
    }
    if (this.#types !== undefined) this.#types[at] = type;
    if (more !== undefined) {
      this.#more ??= fields(undefined);
      this.#more[at] = more;
    }
    this.#waiters[at] = waiter;
    this.tasks++;
  }

  get(ticket) {
    const at = ticket % ROW;
    const waiter = this.#waiters[at];
    if (waiter === undefined) return undefined;
    return new Waiting(ticket, waiter, this.#types === undefined ? this.#type : this.#types[at], this.#more?.[at]);
  }

  clear(ticket) {
    const at = ticket % ROW;
    this.#waiters[at] = undefined;
    if (this.#more !== undefined) this.#more[at] = undefined;
    this.tasks--;
  }
}

const fields = (value) => new Array(ROW).fill(value);

module.exports = { Tickets };
