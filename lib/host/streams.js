'use strict';

// Streams between a task and this process, item by item. Either side asks for an item when it is wanted,
// so whoever is slow holds the other back.

const isObject = (value) => typeof value === 'object' && value !== null;
const isAsyncIterable = (value) => isObject(value) && typeof value[Symbol.asyncIterator] === 'function';

/** A stream of Node has to be told that nobody reads on; its iterator does not, where it has not begun. */
const isDestroyable = (value) => typeof value.destroy === 'function' && typeof value.on === 'function';

const ignore = () => {};

/** An async iterable of this process, whose items a task asks for. */
class Outgoing {
  #source;
  #iterator;
  #isOver = false;
  #onEnd;

  /** @param {AsyncIterable<unknown>} source @param {() => void} onEnd - called once */
  constructor(source, onEnd) {
    this.#source = source;
    this.#onEnd = onEnd;
    // One that fails before it is read would end the process.
    if (isDestroyable(source)) source.on('error', ignore);
  }

  /** @returns {Promise<{ value: unknown } | undefined>} undefined at the end */
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

  /** Tells the source that no more is wanted. */
  async return() {
    if (this.#isOver) return;
    this.#end();
    if (isDestroyable(this.#source)) this.#source.destroy();
    else await (this.#iterator ?? this.#source[Symbol.asyncIterator]()).return?.();
  }

  /** The same where nobody waits for it. */
  close() {
    this.return().catch(ignore);
  }

  #end() {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd();
  }
}

/** An async iterable of a task, as a host function has it: an iterator that can be read once. */
class Incoming {
  /** Whoever waits for an item, as { resolve, reject }. */
  #readers = [];
  /** Says to the task whether an item is wanted; there while it waits for that. */
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
    /** What the host function gets. */
    this.iterable = iterable;
  }

  get hasBegun() {
    return this.#hasBegun;
  }

  #next() {
    this.#hasBegun = true;
    if (this.#error !== undefined) {
      const { reason } = this.#error;
      // An iterator that has failed is at its end.
      this.#error = this.#error.isLasting ? this.#error : undefined;
      return Promise.reject(reason);
    }
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#ask();
    });
  }

  #ask() {
    if (this.#demand === undefined || (this.#readers.length === 0 && !this.#isOver)) return;
    const demand = this.#demand;
    this.#demand = undefined;
    demand(!this.#isOver);
  }

  /** The task waits to hear whether an item is wanted. */
  offer(demand) {
    this.#demand?.(false);
    this.#demand = demand;
    this.#ask();
  }

  /** An item that was asked for. */
  item(value, demand) {
    this.#readers.shift()?.resolve({ done: false, value });
    this.offer(demand);
  }

  /** The task has no more. */
  end() {
    for (const { resolve } of this.#finish()) resolve({ done: true, value: undefined });
  }

  /** The task's iterator has failed: that is told once, or, where the task is over, whenever it is asked. */
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

  /** The host function wants no more. */
  close() {
    this.end();
    this.#ask();
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
