'use strict';

// ArrayBuffers that move instead of being copied: into the pool with a payload, out of it with a result. Node decides
// what can be detached, and detaches it. The native pool takes over the memory.

const { isArrayBuffer } = require('node:util').types;
const { invalid } = require('../errors.js');

const ALLOWED = 'an array of ArrayBuffers of a fixed length, each once and none of them detached';

/**
 * Checks the list of buffers that a task moves.
 * @param {string} field
 * @param {unknown} value
 * @returns {ArrayBuffer[]} a copy of the list
 * @throws {IsolaneError} ERR_INVALID_ARG
 */
function transferList(field, value) {
  if (!Array.isArray(value)) throw invalid(field, value, ALLOWED);
  const list = [...value];
  list.forEach((buffer, i) => {
    const isFit = isArrayBuffer(buffer) && !buffer.resizable && !isDetached(buffer) && list.indexOf(buffer) === i;
    if (!isFit) throw invalid(`${field}[${i}]`, buffer, ALLOWED);
  });
  return list;
}

/** `buffer.detached`, which Node 20 does not have. */
function isDetached(buffer) {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/**
 * The message with which Node refuses a buffer. It is asked to move the buffer twice, so it refuses in any case, with a
 * message of its own where that is the only reason: nothing is moved to find out.
 */
const refusal = (buffer) => {
  try {
    structuredClone(undefined, { transfer: [buffer, buffer] });
  } catch (error) {
    return error.message;
  }
};
const REFUSAL_OF_TWICE = refusal(new ArrayBuffer(1));

/**
 * Detaches buffers.
 * @param {ArrayBuffer[]} list - of `transferList`
 * @returns {ArrayBuffer[]} new buffers with their memory
 * @throws {IsolaneError} ERR_INVALID_ARG when one cannot be detached, such as the memory of WebAssembly or Node's pool
 *   of small Buffers; then none is detached
 */
function detachBuffers(list) {
  const taken = REFUSES_ALL || list.length === 1 || list.every(isMovable) ? move(list) : undefined;
  if (taken !== undefined) return taken;
  const at = Math.max(
    0,
    list.findIndex((buffer) => !isMovable(buffer)),
  );
  throw invalid(`task.transfer[${at}]`, list[at], 'an ArrayBuffer that can be detached');
}

const isMovable = (buffer) => !isDetached(buffer) && refusal(buffer) === REFUSAL_OF_TWICE;

/** @returns {ArrayBuffer[] | undefined} undefined where one cannot be moved */
function move(list) {
  try {
    const moved = structuredClone(list, { transfer: list });
    // `isDetached` throws an error to find out, which takes longer than all the rest. So the lengths are compared first.
    const wasMoved = (buffer, i) => (moved[i].byteLength > 0 ? buffer.byteLength === 0 : isDetached(buffer));
    return list.every(wasMoved) ? moved : undefined;
  } catch (error) {
    if (error.name === 'DataCloneError') return undefined;
    throw error;
  }
}

/** Whether Node moves no buffer of a list when it cannot move one of them. Node 20 moves the others, and copies that one. */
const REFUSES_ALL = (() => {
  const good = new ArrayBuffer(1);
  move([good, Buffer.from('pooled').buffer]);
  return good.byteLength === 1;
})();

/** A buffer whose every byte is about to be written. Zeroing it would take longer than moving memory into it. */
const uninitialized = (length) => (length === 0 ? new ArrayBuffer(0) : Buffer.allocUnsafeSlow(length).buffer);

/**
 * Takes the next moved buffers of the native pool, in order. It gives buffers of memory that Node lent to the task, and
 * the lengths of the others, which it fills.
 * @param {{ takeMoved(): (ArrayBuffer | number)[], fillMoved(buffers: ArrayBuffer[]): void }} native
 * @returns {ArrayBuffer[]}
 */
function takeBuffers(native) {
  const moved = native.takeMoved();
  const isLength = moved.map((buffer) => typeof buffer === 'number');
  const buffers = moved.map((buffer, i) => (isLength[i] ? uninitialized(buffer) : buffer));
  if (isLength.includes(true)) native.fillMoved(buffers.filter((_, i) => isLength[i]));
  return buffers;
}

module.exports = { takeBuffers, detachBuffers, transferList };
