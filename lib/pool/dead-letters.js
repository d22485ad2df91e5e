'use strict';

// The dead letters: the native pool keeps the tasks that failed for good, this keeps their names.

const { decode, decodeGone } = require('../values/wire.js');

class DeadLetters {
  /** ticket → { id, type, metadata }, in the order of their deaths. */
  #names = new Map();

  /** @param {number} ticket @param {{ id: string, type: string, metadata?: unknown }} task */
  keep(ticket, { id, type, metadata }) {
    this.#names.set(ticket, { id, type, metadata });
  }

  get(ticket) {
    return this.#names.get(ticket);
  }

  /** @returns {number | undefined} the ticket of the oldest one with this id */
  find(id) {
    for (const [ticket, name] of this.#names) if (name.id === id) return ticket;
    return undefined;
  }

  forget(ticket) {
    this.#names.delete(ticket);
  }
}

/**
 * The public picture of a dead letter.
 * @param {import('../native/binding.js').NativeLetter} letter
 * @param {{ id: string, type: string, metadata?: unknown }} name
 * @param {(failure: object, value: Buffer) => Error} toError
 */
function picture(letter, { id, type, metadata }, toError) {
  const now = Date.now();
  const errors = letter.errors.map(({ attempt, workerId, at, value, ...failure }) => ({
    attempt,
    workerId,
    at: Math.round(now - at),
    error: toError({ ...failure, attempts: attempt }, value),
  }));
  const value = letter.moved > 0 ? decodeGone(letter.value, letter.moved) : decode(letter.value);
  return {
    id,
    type,
    ...(letter.kind === 'handler' ? { payload: value } : { code: letter.code, ...value }),
    priority: letter.priority,
    metadata,
    attempts: letter.attempts,
    submittedAt: Math.round(now - letter.submitted),
    failedAt: Math.round(now - letter.died),
    error: errors.at(-1).error,
    errors,
  };
}

module.exports = { DeadLetters, picture };
