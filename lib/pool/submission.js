'use strict';

// Hands tasks over to the native pool. It writes them into an arena, from which src/face/submission.rs reads them and
// where the layout is documented. The tasks of one turn of the event loop are written one after another and cross in
// one call.

const { Arena } = require('../values/arena.js');
const { detachBuffers } = require('../values/transfer.js');
const { encodeMoved, write } = require('../values/wire.js');

const KINDS = { handler: 0, javascript: 1, filter: 2 };
/** The weakest level of lib/options/isolation.js: the task runs in a realm that stays. */
const SHARED = 0;
/** Lengths of values that are not in the arena: the next blob, and bytes with buffers that were moved. */
const NEXT_BLOB = 0xffffffff;
const NEXT_MOVED = 0xfffffffe;
const UNKNOWN_TYPE = 0xffffffff;

/** Values of more bytes cross as blobs: up to this length, copying them is cheaper. */
const MAX_INLINE = 16 * 1024;
/** Bytes that are worth a call of their own. */
const FULL = 8 * 1024;
const INITIAL_SIZE = 64 * 1024;
/** An arena that a task with long texts has grown beyond this is not kept. */
const MAX_KEPT_SIZE = 1024 * 1024;

/** Optional fields of a task. Each has a bit in the flags, in this order, and is written as an f64. */
const FIELDS = ['timeout', 'queueTimeout', 'delay', 'maxRetries', 'retryBackoffMs'];
const ID_FLAG = 1 << FIELDS.length;
const ISOLATION_SHIFT = FIELDS.length + 1;
/** Most bytes before the texts of a task. */
const MAX_HEAD = 8 + 3 + FIELDS.length * 8 + 4 + 4;

class Submission {
  #native;
  #poller;
  #arena = new Arena(INITIAL_SIZE);
  #blobs = [];
  #types;
  /** Whether the tasks are handed over at the end of this turn. */
  #isScheduled = false;
  #isWriting = false;
  /** Where the task that is being written begins. */
  #start = 0;
  /** End of what was handed over while a task is being written, by a getter of its value. */
  #from = 0;
  /** Whether the scheduler has not taken over all tasks yet. It does so in the next turns at the latest. */
  #isGoingOn = false;

  /**
   * @param {{ submit(arena: Buffer, length: number, awake: boolean, blobs?: Buffer[]): boolean, goOn(): boolean,
   *   take(buffers: ArrayBuffer[]): number, typeIndex(type: string): number }} native
   * @param {import('./result-poller.js').ResultPoller} poller
   */
  constructor(native, poller, types = new Types(native)) {
    this.#native = native;
    this.#poller = poller;
    this.#types = types;
  }

  /** Hands over the tasks at the end of this turn; at once where they are many, so that workers need not wait. */
  schedule() {
    if (this.#end - this.#from >= FULL) {
      this.flush();
    } else if (!this.#isScheduled) {
      this.#isScheduled = true;
      queueMicrotask(this.#flushScheduled);
    }
  }

  #flushScheduled = () => this.flush();

  /** Hands over the tasks now, if there are any. */
  flush() {
    this.#isScheduled = false;
    if (this.#end === this.#from) return;
    this.#submit(this.#poller.start());
  }

  /** Where the last complete task ends. */
  get #end() {
    return this.#isWriting ? this.#start : this.#arena.length;
  }

  /**
   * Adds a task. Its value is copied; the buffers of `task.transfer` are detached.
   * @param {number} ticket
   * @param {ReturnType<typeof import('../options/task.js').resolveTask>} task
   * @throws {Error} when its value cannot be cloned, or a buffer not be detached; then nothing is added
   */
  add(ticket, task) {
    if (this.#isWriting) {
      // A getter in the value of another task has submitted this one.
      const inner = new Submission(this.#native, this.#poller, this.#types);
      inner.add(ticket, task);
      inner.#submit(false);
      return;
    }
    const arena = this.#arena;
    this.#start = arena.length;
    this.#isWriting = true;
    let isDone = false;
    try {
      this.#writeHead(arena, ticket, task);
      const lengthAt = arena.length;
      arena.length += 4;
      const bytes =
        task.transfer === undefined
          ? write(arena, task.value, task.isolation === SHARED)
          : this.#move(arena, task, lengthAt);
      if (task.transfer !== undefined) this.#writeBytes(arena, lengthAt + 8, bytes);
      else if (bytes !== undefined) this.#writeBytes(arena, lengthAt, bytes);
      else arena.view.setUint32(lengthAt, arena.length - lengthAt - 4, true);
      isDone = true;
    } finally {
      if (!isDone) arena.length = this.#start;
      this.#isWriting = false;
    }
  }

  /** Moves the task's buffers. @returns {Buffer} its value, which refers to them by index */
  #move(arena, { value, transfer }, at) {
    const bytes = encodeMoved(value, transfer);
    const moved = this.#native.take(detachBuffers(transfer));
    arena.reserve(8);
    arena.view.setUint32(at, NEXT_MOVED, true);
    arena.view.setUint32(at + 4, moved, true);
    arena.length += 8;
    return bytes;
  }

  #writeHead(arena, ticket, task) {
    arena.reserve(MAX_HEAD);
    const { bytes, view } = arena;
    let at = arena.length;
    view.setFloat64(at, ticket, true);
    bytes[at + 8] = KINDS[task.kind];
    bytes[at + 9] = task.priority;
    const flagsAt = at + 10;
    let flags = (task.isolation << ISOLATION_SHIFT) | (task.id === undefined ? 0 : ID_FLAG);
    at += 11;
    if (task.hasSettings) {
      for (let i = 0; i < FIELDS.length; i++) {
        const field = task[FIELDS[i]];
        if (field === undefined) continue;
        flags |= 1 << i;
        view.setFloat64(at, field, true);
        at += 8;
      }
    }
    bytes[flagsAt] = flags;
    arena.length = at;
    if (task.code !== undefined) writeText(arena, task.code);
    else this.#writeType(arena, task.type);
    if (task.id !== undefined) writeText(arena, task.id);
    arena.reserve(4);
  }

  #writeType(arena, type) {
    const index = this.#types.indexOf(type);
    arena.view.setUint32(arena.length, index, true);
    arena.length += 4;
    if (index === UNKNOWN_TYPE) writeText(arena, type);
  }

  #writeBytes(arena, lengthAt, bytes) {
    const isBlob = bytes.length > MAX_INLINE;
    arena.view.setUint32(lengthAt, isBlob ? NEXT_BLOB : bytes.length, true);
    if (isBlob) {
      this.#blobs.push(bytes);
    } else {
      arena.reserve(bytes.length);
      arena.bytes.set(bytes, arena.length);
      arena.length += bytes.length;
    }
  }

  /**
   * Hands over the complete tasks. A getter of a task that is being written may cause this; that task stays.
   * @param {boolean} isPolling - this thread polls for results from now on, and needs no wake-up
   */
  #submit(isPolling) {
    const [from, end, blobs] = [this.#from, this.#end, this.#blobs];
    const { bytes } = this.#arena;
    if (this.#isWriting) this.#from = end;
    else this.#clear();
    if (blobs.length > 0) this.#blobs = [];
    const tasks = from === 0 ? bytes : bytes.subarray(from);
    const isLeft = this.#native.submit(tasks, end - from, isPolling, blobs.length > 0 ? blobs : undefined);
    if (!isLeft || this.#isGoingOn) return;
    this.#isGoingOn = true;
    setImmediate(this.#goOn);
  }

  #clear() {
    this.#from = 0;
    if (this.#arena.bytes.length > MAX_KEPT_SIZE) this.#arena = new Arena(INITIAL_SIZE);
    else this.#arena.length = 0;
  }

  #goOn = () => {
    this.#isGoingOn = this.#native.goOn();
    if (this.#isGoingOn) setImmediate(this.#goOn);
  };
}

/** The indices that the native pool gives to the types of handler tasks. */
class Types {
  #native;
  #indices = new Map();
  #last;
  #lastIndex;

  constructor(native) {
    this.#native = native;
  }

  /** @returns {number} `UNKNOWN_TYPE` where the native pool has too many types already */
  indexOf(type) {
    if (type === this.#last) return this.#lastIndex;
    let index = this.#indices.get(type);
    if (index === undefined) {
      index = this.#native.typeIndex(type);
      if (index === UNKNOWN_TYPE) return index;
      this.#indices.set(type, index);
    }
    this.#last = type;
    this.#lastIndex = index;
    return index;
  }
}

/** Writes a u32, whose lowest bit is 1 for UTF-8 and 0 for Latin-1 and whose rest is the length, and the bytes. */
function writeText(arena, text) {
  arena.reserve(4 + 3 * text.length);
  const { bytes, length: at } = arena;
  const start = at + 4;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) {
      const length = bytes.utf8Write(text, start);
      arena.view.setUint32(at, length * 2 + 1, true);
      arena.length = start + length;
      return;
    }
    bytes[start + i] = code;
  }
  arena.view.setUint32(at, text.length * 2, true);
  arena.length = start + text.length;
}

module.exports = { Submission };
