'use strict';

// Bytes that are written one after another, and grow. Whoever writes a value may meet code of its owner, a
// getter for instance: an arena is written to by one writer at a time, who sees to that.

class Arena {
  bytes;
  view;
  /** How many bytes are written. */
  length = 0;

  constructor(size) {
    this.#use(Buffer.allocUnsafeSlow(size));
  }

  #use(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  /** Makes room; every writer of something calls it first. */
  reserve(size) {
    if (this.length + size > this.bytes.length) this.#grow(size);
  }

  #grow(size) {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + size));
    larger.set(this.bytes.subarray(0, this.length));
    this.#use(larger);
  }

  /** What is written. Valid until something else is. */
  written() {
    return this.bytes.subarray(0, this.length);
  }
}

module.exports = { Arena };
