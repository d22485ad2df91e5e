'use strict';

// The streamed body of a request.

/**
 * Passes on the chunks of a body, counts their bytes, and ends the source together with the request.
 * @implements {AsyncIterableIterator<Uint8Array>}
 */
class Upload {
  #source;
  #left;
  #fail;
  #isOver = false;

  /**
   * @param {AsyncIterable<Uint8Array>} source
   * @param {number} limit - in bytes
   * @param {(error?: unknown) => void} fail - called once, with what the source threw, or without an argument when the
   *   body exceeds the limit
   */
  constructor(source, limit, fail) {
    this.#source = source[Symbol.asyncIterator]();
    this.#left = limit;
    this.#fail = fail;
  }

  async next() {
    if (this.#isOver) return { value: undefined, done: true };
    try {
      const { value, done } = await this.#source.next();
      if (done) this.#isOver = true;
      if (done || this.#isOver) return { value: undefined, done: true };
      if (!(value instanceof Uint8Array)) throw new TypeError('its chunks must be Uint8Arrays');
      this.#left -= value.byteLength;
      if (this.#left >= 0) return { value, done: false };
    } catch (error) {
      // The source has ended by throwing, so it is not closed.
      if (!this.#isOver) this.#fail(error);
      this.#isOver = true;
      throw error;
    }
    this.#fail();
    throw new TypeError('the body is too large');
  }

  async return() {
    this.close();
    return { value: undefined, done: true };
  }

  /** Ends the source. Nobody waits for that: it may be busy with a chunk. */
  close() {
    if (this.#isOver) return;
    this.#isOver = true;
    const ending = async () => this.#source.return?.();
    ending().catch(() => {});
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

module.exports = { Upload };
