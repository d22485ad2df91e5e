'use strict';

// Streams between a task and this process. Items cross one by one, when the reading side asks for them. So a slow reader
// holds back the source.

const isObject = (value) => typeof value === 'object' && value !== null;
const isAsyncIterable = (value) => isObject(value) && typeof value[Symbol.asyncIterator] === 'function';

/** Tells whether a value is a stream of Node. Its iterator destroys the stream only once it has been used. */
const isDestroyable = (value) => typeof value.destroy === 'function' && typeof value.on === 'function';

const ignore = () => {};

/** An async iterable of this process that a task reads. */
class Outgoing {
  #source;
  #iterator;
  #isOver = false;
  #onEnd;

  /** @param {AsyncIterable<unknown>} source @param {() => void} onEnd - called once */
  constructor(source, onEnd) {
    this.#source = source;
    this.#onEnd = onEnd;
    // Without a listener, an error before the stream is read would end the process.
    if (isDestroyable(source)) source.on('error', ignore);
  }

  /** Gives the next item. @returns {Promise<{ value: unknown } | undefined>} undefined at the end */
  async next() {
    if (this.#isOver) return undefined;
    try {
      this.#iterator ??= this.#source[Symbol.asyncIterator]();
      const { done, value } = await this.#iterator.next();
      if (!done) return { value };
    } catch (error) {
      this.#end();
      throw error;
    }
    this.#end();
    return undefined;
  }

  /** Ends the source. */
  async return() {
    if (this.#isOver) return;
    this.#end();
    if (isDestroyable(this.#source)) this.#source.destroy();
    else await (this.#iterator ?? this.#source[Symbol.asyncIterator]()).return?.();
  }

  /** Ends the source without waiting for it. */
  close() {
    this.return().catch(ignore);
  }

  #end() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd();
  }
}

/** An async iterable of a task that a host function reads. It can be iterated once. */
class Incoming {
  /** The promises of items that were asked for, as { resolve, reject }. */
  #readers = [];
  /** Answers the task whether an item is wanted; undefined when the task does not wait for that. */
  #demand;
  #hasBegun = false;
  #isOver = false;
  #error;
  #onEnd;

  /** @param {() => void} onEnd - called once */
  constructor(onEnd) {
    this.#onEnd = onEnd;
    const iterable = {
      next: () => this.#next(),
      return: async (value) => {
        this.close();
        return { done: true, value };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
    /** The iterator that the host function gets. */
    this.iterable = iterable;
  }

  get hasBegun() {
    return this.#hasBegun;
  }

  #next() {
    this.#hasBegun = true;
    if (this.#error !== undefined) {
      const { reason } = this.#error;
      // As of any iterator, an error comes once, and then the end.
      this.#error = this.#error.isLasting ? this.#error : undefined;
      return Promise.reject(reason);
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#answerDemand();
    });
  }

  #answerDemand() {
    if (this.#demand === undefined || (this.#readers.length === 0 && !this.#isOver)) return;
    const demand = this.#demand;
    this.#demand = undefined;
    demand(!this.#isOver);
  }

  /**
   * Asks whether an item is wanted.
   * @param {(isWanted: boolean) => void} demand - called when that is known
   */
  offer(demand) {
    this.#demand?.(false);
    this.#demand = demand;
    this.#answerDemand();
  }

  /** Takes an item that was wanted. Parameters as `offer`. */
  item(value, demand) {
    this.#readers.shift()?.resolve({ done: false, value });
    this.offer(demand);
  }

  /** Ends the stream: the task has no more items. */
  end() {
    for (const { resolve } of this.#finish()) resolve({ done: true, value: undefined });
  }

  /**
   * Ends the stream with an error.
   * @param {unknown} reason
   * @param {boolean} [isLasting] - each further read rejects as well, because the task is over; otherwise one does
   */
  fail(reason, isLasting = false) {
    if (this.#isOver) return;
    const [first, ...others] = this.#finish();
    if (first === undefined || isLasting) this.#error = { reason, isLasting };
    first?.reject(reason);
    for (const { resolve, reject } of others) {
      if (isLasting) reject(reason);
      else resolve({ done: true, value: undefined });
    }
  }

  /** Ends the stream: the host function wants no more items. */
  close() {
    this.end();
    this.#answerDemand();
  }

  #finish() {
    const readers = this.#readers;
    this.#readers = [];
    if (!this.#isOver) {
      this.#isOver = true;
      this.#onEnd();
    }
    return readers;
  }
}

module.exports = { Incoming, isAsyncIterable, Outgoing };
