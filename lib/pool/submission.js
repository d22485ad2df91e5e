'use strict';

// Writes tasks into the arena as src/face/submission.rs reads them; the layout stands there. Tasks of
// one turn are written one after another and cross in one call.

const { Arena } = require('../values/arena.js');
const { takeOver } = require('../values/transfer.js');
const { encodeMoving, write } = require('../values/wire.js');

const KINDS = { handler: 0, javascript: 1, filter: 2 };
const NEXT_BLOB = 0xffffffff;
/** Of what `lib/options/isolation.js` counts up from. */
const SHARED = 0;
const MOVED = 0xfffffffe;
const UNKNOWN_TYPE = 0xffffffff;

// Larger values are handed over as they are; smaller ones are cheaper to copy than to hand over.
const BLOB = 16 * 1024;
const FULL = 8 * 1024;
const INITIAL_SIZE = 64 * 1024;
/** A task with long texts grows the arena; it is not kept beyond this. */
const KEPT_SIZE = 1024 * 1024;

const FIELDS = ['timeout', 'queueTimeout', 'delay', 'maxRetries', 'retryBackoffMs'];
const TASK_ID = 1 << FIELDS.length;
const ISOLATION_SHIFT = FIELDS.length + 1;
const HEAD = 8 + 3 + FIELDS.length * 8 + 4 + 4;

class Submission {
  #native;
  #arena = new Arena(INITIAL_SIZE);
  #blobs = [];
  #types;
  #isWriting = false;
  /** Where the task that is being written begins. */
  #start = 0;
  /** What lies before was handed over, by a getter of the task that is being written. */
  #from = 0;
  /** The scheduler has not heard of all that was handed over, and does in the next turns at the latest. */
  #isGoingOn = false;

  /** @param {{ submit(arena: Buffer, length: number, awake: boolean, blobs?: Buffer[]): boolean, goOn(): boolean, typeIndex(type: string): number }} native */
  constructor(native, types = new Types(native)) {
    this.#native = native;
    this.#types = types;
  }

  /** Enough for a call of its own, so that workers do not wait for the end of a burst. */
  get isFull() {
    return this.#end - this.#from >= FULL;
  }

  get isEmpty() {
    return this.#end === this.#from;
  }

  /** Where the last whole task ends. */
  get #end() {
    return this.#isWriting ? this.#start : this.#arena.length;
  }

  /**
   * Adds a task; the value is copied.
   * @param {number} ticket
   * @param {ReturnType<import('../options/task.js').resolveTask>} task
   * @throws {Error} when its value cannot be cloned; then nothing is added
   */
  add(ticket, task) {
    if (this.#isWriting) {
      // By a getter of the value of another one.
      const inner = new Submission(this.#native, this.#types);
      inner.add(ticket, task);
      inner.flush(false);
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

  /** @returns {Buffer} the value without its buffers, which are detached now */
  #move(arena, { value, transfer }, at) {
    const bytes = encodeMoving(value, transfer);
    const moved = this.#native.take(takeOver(transfer));
    arena.reserve(8);
    arena.view.setUint32(at, MOVED, true);
    arena.view.setUint32(at + 4, moved, true);
    arena.length += 8;
    return bytes;
  }

  #writeHead(arena, ticket, task) {
    arena.reserve(HEAD);
    const { bytes, view } = arena;
    let at = arena.length;
    view.setFloat64(at, ticket, true);
    bytes[at + 8] = KINDS[task.kind];
    bytes[at + 9] = task.priority;
    const flagsAt = at + 10;
    let flags = (task.isolation << ISOLATION_SHIFT) | (task.id === undefined ? 0 : TASK_ID);
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
    const isBlob = bytes.length > BLOB;
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
   * Hands over what was added. A getter of a task that is being written may cause it; that one stays.
   * @param {boolean} awake - this thread begins to look for results, and need not be woken for them
   */
  flush(awake) {
    const [from, end, blobs] = [this.#from, this.#end, this.#blobs];
    const { bytes } = this.#arena;
    if (this.#isWriting) this.#from = end;
    else this.#clear();
    if (blobs.length > 0) this.#blobs = [];
    const tasks = from === 0 ? bytes : bytes.subarray(from);
    const isLeft = this.#native.submit(tasks, end - from, awake, blobs.length > 0 ? blobs : undefined);
    if (!isLeft || this.#isGoingOn) return;
    this.#isGoingOn = true;
    setImmediate(this.#goOn);
  }

  #clear() {
    this.#from = 0;
    if (this.#arena.bytes.length > KEPT_SIZE) this.#arena = new Arena(INITIAL_SIZE);
    else this.#arena.length = 0;
  }

  #goOn = () => {
    this.#isGoingOn = this.#native.goOn();
    if (this.#isGoingOn) setImmediate(this.#goOn);
  };
}

/** The numbers by which the native pool knows the types of handler tasks. */
class Types {
  #native;
  #numbers = new Map();
  #last;
  #lastNumber;

  constructor(native) {
    this.#native = native;
  }

  /** @returns {number} `UNKNOWN_TYPE` for one that comes after too many others */
  indexOf(type) {
    if (type === this.#last) return this.#lastNumber;
    let number = this.#numbers.get(type);
    if (number === undefined) {
      number = this.#native.typeIndex(type);
      if (number === UNKNOWN_TYPE) return number;
      this.#numbers.set(type, number);
    }
    this.#last = type;
    this.#lastNumber = number;
    return number;
  }
}

/** A u32, whose lowest bit says UTF-8 (else Latin-1) and whose rest is the length; and the bytes. */
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
