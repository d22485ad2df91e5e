'use strict';

// Writes tasks into the arena as src/face/submission.rs reads them; the layout stands there. Tasks of
// one turn are written one after another and cross in one call.

const KINDS = { handler: 0, javascript: 1, filter: 2 };
const NEXT_BLOB = 0xffffffff;

// Larger values are handed over as they are; smaller ones are cheaper to copy than to hand over.
const BLOB = 16 * 1024;
const FULL = 32 * 1024;
const INITIAL_SIZE = 64 * 1024;
/** A task with long texts grows the arena; it is not kept beyond this. */
const KEPT_SIZE = 1024 * 1024;

const FIELDS = ['timeout', 'queueTimeout', 'delay', 'maxRetries', 'retryBackoffMs'];
const TASK_ID = 1 << FIELDS.length;
const ISOLATION_SHIFT = FIELDS.length + 1;
const HEAD = 8 + 3 + FIELDS.length * 8;

class Submission {
  #arena = Buffer.allocUnsafe(INITIAL_SIZE);
  #length = 0;
  #blobs = [];

  /** Enough for a call of its own, so that workers do not wait for the end of a burst. */
  get isFull() {
    return this.#length >= FULL;
  }

  get isEmpty() {
    return this.#length === 0;
  }

  /**
   * @param {number} ticket
   * @param {{ kind: string, type: string, code?: string, id?: string, priority: number, isolation: number }} task - checked
   * @param {Buffer} value - in the wire format; copied
   */
  add(ticket, task, value) {
    const text = task.code ?? task.type;
    const isBlob = value.length > BLOB;
    this.#reserve(HEAD + 3 * (text.length + (task.id?.length ?? 0)) + 12 + (isBlob ? 0 : value.length));
    const arena = this.#arena;
    let at = arena.writeDoubleLE(ticket, this.#length);
    arena[at++] = KINDS[task.kind];
    arena[at++] = task.priority;
    const flagsAt = at++;
    let flags = (task.isolation << ISOLATION_SHIFT) | (task.id === undefined ? 0 : TASK_ID);
    for (let i = 0; i < FIELDS.length; i++) {
      const field = task[FIELDS[i]];
      if (field === undefined) continue;
      flags |= 1 << i;
      at = arena.writeDoubleLE(field, at);
    }
    arena[flagsAt] = flags;
    at = writeText(arena, text, at);
    if (task.id !== undefined) at = writeText(arena, task.id, at);
    at = arena.writeUInt32LE(isBlob ? NEXT_BLOB : value.length, at);
    if (isBlob) this.#blobs.push(Buffer.from(value));
    else {
      arena.set(value, at);
      at += value.length;
    }
    this.#length = at;
  }

  /** @param {(arena: Buffer, length: number, blobs: Buffer[]) => void} send */
  flush(send) {
    const [arena, length, blobs] = [this.#arena, this.#length, this.#blobs];
    this.#length = 0;
    this.#blobs = [];
    if (arena.length > KEPT_SIZE) this.#arena = Buffer.allocUnsafe(INITIAL_SIZE);
    send(arena, length, blobs);
  }

  #reserve(size) {
    if (this.#length + size <= this.#arena.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#arena.length * 2, this.#length + size));
    larger.set(this.#arena.subarray(0, this.#length));
    this.#arena = larger;
  }
}

/** A u32, whose lowest bit says UTF-8 (else Latin-1) and whose rest is the length; and the bytes. */
function writeText(arena, text, at) {
  const start = at + 4;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) {
      const length = arena.utf8Write(text, start);
      arena.writeUInt32LE(length * 2 + 1, at);
      return start + length;
    }
    arena[start + i] = code;
  }
  arena.writeUInt32LE(text.length * 2, at);
  return start + text.length;
}

module.exports = { Submission };
