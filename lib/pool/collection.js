'use strict';

// Reads what src/face/collection.rs writes into the arena; the layout stands there.

const { textOf } = require('../values/clone.js');
const { moveIn } = require('../values/transfer.js');
const { decode, decodeMoving, read } = require('../values/wire.js');
const { IsolaneError } = require('../errors.js');

const DONE = 0;
const EVENT = 255;
const CALL = 254;
const CALLER_OVER = 253;
const KEPT = 64;
const NEXT_BLOB = 0xffffffff;
const NEXT_MOVED = 0xfffffffe;

const SIZE = 256 * 1024;
/**
 * So long results are read in one turn of the event loop. Whoever waits for them has his say in the same turn,
 * which takes about as long again.
 */
const TURN_MS = 1;
/** After so many records the clock is looked at. */
const LOOK = 128;

/** When this thread is woken, as src/pool/outbox.rs tells. */
const ATTENTION = { ASLEEP: 0, DOZING: 1, AWAKE: 2 };

class Collection {
  #arena = Buffer.allocUnsafeSlow(SIZE);
  #view = new DataView(this.#arena.buffer);
  #native;
  #reader;
  #flag;
  #at = 0;
  #length = 0;
  #attention = ATTENTION.ASLEEP;
  /** What the native pool was told of it. */
  #told = ATTENTION.ASLEEP;
  /** The rest is read in a later turn. */
  #isPutOff = false;

  /**
   * @param {import('../native/binding.js').NativePool} native
   * @param {{ done(ticket: number, result: unknown): void, unreadable(ticket: number, why: Error): void,
   *   failed(ticket: number, failure: Failure, value: Buffer): void, event(record: object): void,
   *   call(call: object, value: Buffer): void,
   *   callerOver(ticket: number, attempt: number): void }} reader - buffers are valid during the call
   */
  constructor(native, reader) {
    this.#native = native;
    this.#reader = reader;
    this.#flag = native.flag();
  }

  /** Whether there is something to read. */
  get isReady() {
    return this.#flag[0] !== 0;
  }

  /**
   * Reads what there is. Of very much the rest is read in later turns: a task that prints without end must
   * not keep timers and I/O of this process waiting.
   * @param {number} attention - how this thread waits for what comes next, see ATTENTION
   */
  read(attention) {
    this.#attention = attention;
    if (!this.#isPutOff) this.#readTurn();
  }

  #readTurn() {
    const until = performance.now() + TURN_MS;
    let left = LOOK;
    for (;;) {
      while (this.#at < this.#length) {
        this.#readRecord(this.#reader);
        if (--left > 0) continue;
        if (performance.now() > until) return this.#putOff();
        left = LOOK;
      }
      // More than fits is there only where the arena was filled. Who dozes waits until there is much again.
      const isDozing = this.#attention === ATTENTION.DOZING;
      const isAll = this.#at > 0 && this.#length < SIZE / 2 && (isDozing || !this.isReady);
      if (isAll && this.#told === this.#attention) break;
      this.#told = this.#attention;
      this.#length = this.#native.collect(this.#arena, this.#attention);
      this.#at = 0;
      if (this.#length === 0) break;
    }
    this.#length = this.#at = 0;
  }

  #putOff() {
    this.#isPutOff = true;
    setImmediate(() => {
      this.#isPutOff = false;
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
    const failure = {
      status: status & ~KEPT,
      kept: (status & KEPT) !== 0,
      attempts: this.#u32(),
      figure: this.#f64(),
    };
    return reader.failed(ticket, failure, this.#value());
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
      return decodeMoving(bytes, moveIn(this.#native));
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

const attemptsOf = (attempts) => (attempts === 1 ? '1 attempt' : `${attempts} attempts`);

/** For each status of src/face/collection.rs, the error that it becomes. */
const FAILURES = [
  undefined,
  (failure, value) => taskFailed(failure, decode(value)),
  (failure, value) => taskFailed(failure, decode(value)),
  (_, value) => ['ERR_NO_HANDLER', value.utf8Slice()],
  (_, value) => ['ERR_DATA_CLONE', value.utf8Slice()],
  ({ figure }) => ['ERR_QUEUE_FULL', `queue is full (limit ${figure})`],
  ({ figure }) => ['ERR_QUEUE_TIMEOUT', `task waited too long to start (${round(figure)} ms)`],
  ({ figure }) => ['ERR_TASK_TIMEOUT', `task ran too long (limit ${round(figure)} ms)`],
  (_, __, { memoryLimitMB }) => [
    'ERR_MEMORY_LIMIT',
    `task went over the memory of its isolate (limit ${memoryLimitMB} MB)`,
  ],
  () => ['ERR_TASK_ABORTED', 'task was aborted'],
  ({ attempts }) => [
    'ERR_WORKER_LOST',
    attempts === 0 ? 'no worker is left to run the task' : `worker was lost (${attemptsOf(attempts)})`,
  ],
  () => ['ERR_POOL_CLOSED', 'pool is closed'],
  ({ figure }, _, { type }) => [
    'ERR_CIRCUIT_OPEN',
    `tasks of type ${JSON.stringify(type)} failed too often in a row; the next one is let through in ${round(figure)} ms`,
    undefined,
    { retryAfterMs: figure },
  ],
];

const round = (ms) => Math.round(ms * 10) / 10;

function taskFailed({ attempts }, cause) {
  const text = cause instanceof Error ? `${textOf(cause.name)}: ${textOf(cause.message)}` : textOf(cause);
  return ['ERR_TASK_FAILED', `task failed after ${attemptsOf(attempts)}: ${text}`, cause];
}

/**
 * @param {{ status: number, attempts: number, figure: number }} failure - of a settlement or a dead letter
 * @param {Buffer} value
 * @param {{ id: string, type: string }} task
 * @param {{ reason: unknown, memoryLimitMB: number }} known - reason of the caller's signal, limit of the pool
 */
function toError(failure, value, task, known) {
  const [code, message, own, details] = FAILURES[failure.status](failure, value, { ...known, type: task.type });
  return new IsolaneError(code, message, {
    cause: code === 'ERR_TASK_ABORTED' ? known.reason : own,
    taskId: task.id,
    type: task.type,
    attempts: failure.attempts,
    ...details,
  });
}

module.exports = { ATTENTION, Collection, toError };
