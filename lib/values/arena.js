'use strict';

// A growing buffer, to which values are written one after another. Writing a value may run user code, such as a getter,
// which must not write to the same arena: its owner sees to that.

class Arena {
  bytes;
  view;
  /** Number of written bytes. */
  length = 0;

  /** @param {number} size - initial capacity in bytes */
  constructor(size) {
    this.#use(Buffer.allocUnsafeSlow(size));
  }

  #use(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }

  /** Makes room for that many bytes. Must be called before they are written. */
  reserve(size) {
    if (this.length + size > this.bytes.length) this.#grow(size);
  }

  #grow(size) {
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.length + size));
    larger.set(this.bytes.subarray(0, this.length));
    this.#use(larger);
  }

  /** The written bytes. Valid until more are written. */
  written() {
    return this.bytes.subarray(0, this.length);
  }
}

module.exports = { Arena };
