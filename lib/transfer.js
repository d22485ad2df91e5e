'use strict';

// ArrayBuffers that a task moves: into the pool with its payload, and out of it with its result. What is
// detached and what may be is Node's own decision; the native pool takes the memory without copying it.

const { isArrayBuffer } = require('node:util').types;
const { markAsUntransferable } = require('node:worker_threads');
const { invalid } = require('./errors.js');

const ALLOWED = 'an array of ArrayBuffers of a fixed length, each once and none of them detached';

/**
 * @param {string} field
 * @param {unknown} value
 * @returns {ArrayBuffer[]}
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

/** Whether this Node clones in silence what it cannot move: Node 20 does. */
const isSilent = (() => {
  const buffer = new ArrayBuffer(1);
  markAsUntransferable(buffer);
  try {
    structuredClone(undefined, { transfer: [buffer] });
    return true;
  } catch {
    return false;
  }
})();

/** Of one that can be moved it says that it is there twice, and moves nothing. */
function canBeMoved(buffer) {
  try {
    structuredClone(undefined, { transfer: [buffer, buffer] });
    return false;
  } catch {
    return true;
  }
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
 * Detaches the buffers.
 * @param {ArrayBuffer[]} list
 * @returns {ArrayBuffer[]} buffers with their memory that nobody else knows
 * @throws {IsolaneError} ERR_INVALID_ARG where one cannot be detached, such as the memory of WebAssembly or
 *   Node's pool of small Buffers; then none of them is
 */
function moveOut(list) {
  try {
    const stuck = isSilent ? list.findIndex((buffer) => !canBeMoved(buffer)) : -1;
    if (stuck !== -1) throw new TypeError(`one at ${stuck} cannot`);
    return structuredClone(list, { transfer: list });
  } catch (cause) {
    const error = invalid('task.transfer', list, `made of ArrayBuffers that can be detached: ${cause.message}`);
    error.cause = cause;
    throw error;
  }
}

/** A buffer whose every byte is about to be written. To clear one takes longer than to move memory into it. */
const uncleared = (length) => (length === 0 ? new ArrayBuffer(0) : Buffer.allocUnsafeSlow(length).buffer);

/**
 * Makes buffers of the next parcel of the native pool.
 * @param {{ parcel(): number[], unpack(buffers: ArrayBuffer[]): void }} native
 * @returns {ArrayBuffer[]}
 */
function moveIn(native) {
  const buffers = native.parcel().map(uncleared);
  native.unpack(buffers);
  return buffers;
}

module.exports = { moveIn, moveOut, transferList };
