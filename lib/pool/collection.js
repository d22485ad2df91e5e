'use strict';

// Reads the records that the native pool has for this thread: results and failures of tasks, events, calls of host
// functions. src/face/collection.rs writes them into the arena, and documents the layout.

const { takeBuffers } = require('../values/transfer.js');
const { decode, decodeMoved, read } = require('../values/wire.js');

/** First byte of a record. Any other byte is the status of a failure. */
const DONE = 0;
const EVENT = 255;
const CALL = 254;
const CALLER_OVER = 253;
/** Bit of a failure's status: the native pool keeps the task as a dead letter. */
const KEPT = 64;
/** Lengths of values that are not in the arena: the next blob, and bytes with the next moved buffers. */
const NEXT_BLOB = 0xffffffff;
const NEXT_MOVED = 0xfffffffe;

/** Of the arena, in bytes. */
const SIZE = 256 * 1024;
/**
 * How long records are read in one turn of the event loop. The promise reactions of the results run in the same
 * turn, and take about as long again.
 */
const TURN_MS = 1;
/** Records between two looks at the clock. */
const CLOCK_INTERVAL = 128;

/**
 * For what the native pool wakes this thread up: for each result, for a batch of them, or never, because this thread
 * polls. The numbers are those of `collect` in src/face/mod.rs.
 */
const WAKE_UP = { EACH: 0, BATCH: 1, NEVER: 2 };

/**
 * Takes the records. Buffers are valid during the call only.
 * @typedef {object} Reader
 * @property {(ticket: number, result: unknown) => void} done - the task is fulfilled
 * @property {(ticket: number, failure: import('./failure.js').Failure, isKept: boolean, value: Buffer) => void} failed
 *   - the task is rejected; `isKept`: it is a dead letter
 * @property {(ticket: number, error: Error) => void} unreadable - the task's result cannot be decoded
 * @property {(record: object) => void} event
 * @property {(call: object, value: Buffer) => void} call - a task calls a host function
 * @property {(ticket: number, attempt: number) => void} callerOver - an attempt that has called is over
 */

class Collection {
  #arena = Buffer.allocUnsafeSlow(SIZE);
  #view = new DataView(this.#arena.buffer);
  #native;
  #reader;
  #flag;
  #at = 0;
  #length = 0;
  #wakeUp = WAKE_UP.EACH;
  /** The wake-up that the native pool was told. */
  #toldWakeUp = WAKE_UP.EACH;
  /** Whether the rest is read in the next turn. */
  #isDeferred = false;

  /**
   * @param {import('../native/binding.js').NativePool} native
   * @param {Reader} reader
   */
  constructor(native, reader) {
    this.#native = native;
    this.#reader = reader;
    this.#flag = native.flag();
  }

  /** Whether there are records. Reads a flag in memory that the native pool writes to. */
  get isReady() {
    return this.#flag[0] !== 0;
  }

  /**
   * Reads the records for `TURN_MS` at most, and the rest in later turns of the event loop: a task that prints without
   * end must not block the timers and I/O of this process.
   * @param {number} wakeUp - for what comes afterwards, one of `WAKE_UP`
   */
  read(wakeUp) {
    this.#wakeUp = wakeUp;
    if (!this.#isDeferred) this.#readTurn();
  }

  #readTurn() {
    const until = performance.now() + TURN_MS;
    let left = CLOCK_INTERVAL;
    for (;;) {
      while (this.#at < this.#length) {
        this.#readRecord(this.#reader);
        if (--left > 0) continue;
        if (performance.now() > until) return this.#defer();
        left = CLOCK_INTERVAL;
      }
      // Nothing was left out unless the arena was filled. Records that came since are left to the wake-up for a batch.
      const isBatched = this.#wakeUp === WAKE_UP.BATCH;
      const isAll = this.#at > 0 && this.#length < SIZE / 2 && (isBatched || !this.isReady);
      if (isAll && this.#toldWakeUp === this.#wakeUp) break;
      this.#toldWakeUp = this.#wakeUp;
      this.#length = this.#native.collect(this.#arena, this.#wakeUp);
      this.#at = 0;
      if (this.#length === 0) break;
    }
    this.#length = this.#at = 0;
  }

  #defer() {
    this.#isDeferred = true;
    setImmediate(() => {
      this.#isDeferred = false;
      this.#readTurn();
    });
  }

  #readRecord(reader) {
    const status = this.#arena[this.#at++];
    if (status === DONE) return this.#readResult(reader);
    if (status === EVENT) return reader.event(JSON.parse(this.#value().utf8Slice()));
    if (status === CALL) {
      const call = this.#call();
      return reader.call(call, this.#value());
    }
    const ticket = this.#f64();
    if (status === CALLER_OVER) return reader.callerOver(ticket, this.#u32());
    const failure = { status: status & ~KEPT, attempts: this.#u32(), figure: this.#f64() };
    return reader.failed(ticket, failure, (status & KEPT) !== 0, this.#value());
  }

  #readResult(reader) {
    const ticket = this.#f64();
    let result;
    try {
      result = this.#result();
    } catch (error) {
      return reader.unreadable(ticket, error);
    }
    return reader.done(ticket, result);
  }

  #result() {
    const length = this.#u32();
    if (length === NEXT_BLOB) return decode(this.#native.takeBlob());
    if (length === NEXT_MOVED) {
      const bytes = this.#value();
      return decodeMoved(bytes, takeBuffers(this.#native));
    }
    const start = this.#at;
    this.#at += length;
    return read(this.#arena, this.#view, start, this.#at);
  }

  #call() {
    const head = { id: this.#f64(), ticket: this.#f64(), attempt: this.#u32(), workerId: this.#u32() };
    const length = this.#u32();
    this.#at += length;
    return { ...head, target: this.#arena.utf8Slice(this.#at - length, this.#at) };
  }

  #value() {
    const length = this.#u32();
    if (length === NEXT_BLOB) return this.#native.takeBlob();
    const value = this.#arena.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  #u32() {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  #f64() {
    this.#at += 8;
    return this.#view.getFloat64(this.#at - 8, true);
  }
}

module.exports = { Collection, WAKE_UP };
