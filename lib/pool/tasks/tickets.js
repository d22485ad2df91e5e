'use strict';

// A table of the tasks that are not settled, by ticket. Tickets count up, so the table consists of short rows of
// consecutive tickets: adding to it moves nothing that is there, as growing a large Map does. A task takes one field
// of a row. A second one is taken only in rows whose tasks differ in type, a third only in rows where a task has an
// id, metadata or a signal.

/** Tickets in a row. */
const ROW = 64;

/** A task that is not settled. Made anew whenever it is asked for. */
class PendingTask {
  /**
   * @param {number} ticket
   * @param {((value: unknown) => void) | import('./batch.js').Batch} waiter - the `resolve` of its promise, or its
   *   batch
   * @param {string} type
   * @param {{ id?: string, metadata?: unknown, signal?: AbortSignal } | undefined} more - undefined where it has none
   *   of them
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
  /** Number of a row → Row. */
  #rows = new Map();
  /** The row that was used last, for speed: most tickets come in order. */
  #row = new Row(-1);
  /** The row of the greatest ticket. It is kept when it is empty, for the next ticket. */
  #newest = this.#row;
  #size = 0;

  /** Number of tasks in the table. */
  get size() {
    return this.#size;
  }

  /**
   * Adds a task.
   * @param {number} ticket - not in the table
   * @param {PendingTask['waiter']} waiter
   * @param {string} type
   * @param {PendingTask['more']} more
   */
  add(ticket, waiter, type, more) {
    const row = this.#rowOf(ticket) ?? this.#newRow(Math.floor(ticket / ROW));
    row.put(ticket, waiter, type, more);
    this.#size++;
  }

  /** @returns {PendingTask | undefined} */
  get(ticket) {
    return this.#rowOf(ticket)?.get(ticket);
  }

  /**
   * Removes a task.
   * @param {number} ticket - in the table
   * @returns {PendingTask}
   */
  take(ticket) {
    const row = this.#rowOf(ticket);
    const task = row.get(ticket);
    row.clear(ticket);
    this.#size--;
    this.#dropIfEmpty(row);
    return task;
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

/** The tasks of `ROW` consecutive tickets. */
class Row {
  tasks = 0;
  #waiters = fields(undefined);
  /** The type of all its tasks, while `#types` is undefined. */
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
    return new PendingTask(ticket, waiter, this.#types === undefined ? this.#type : this.#types[at], this.#more?.[at]);
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
