'use strict';

// ArrayBuffers that a task moves: into the pool with its payload, and out of it with its result. What is
// detached and what may be is Node's own decision; the native pool takes the memory without copying it.

const { isArrayBuffer } = require('node:util').types;
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

/** What Node says of a buffer that it is to move twice, in place of moving it: so it asks nothing else of it. */
const refusalOfTwo = (buffer) => {
  try {
    structuredClone(undefined, { transfer: [buffer, buffer] });
  } catch (error) {
    return error.message;
  }
};
const TWICE = refusalOfTwo(new ArrayBuffer(1));

/**
 * @param {ArrayBuffer[]} list - checked, and now about to be detached by the native pool
 * @throws {IsolaneError} ERR_INVALID_ARG where one cannot be, such as the memory of WebAssembly or Node's pool of
 *   small Buffers
 */
function mustBeMovable(list) {
  list.forEach((buffer, i) => {
    if (!isDetached(buffer) && refusalOfTwo(buffer) === TWICE) return;
    throw invalid(`task.transfer[${i}]`, buffer, 'an ArrayBuffer that can be detached');
  });
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

module.exports = { moveIn, mustBeMovable, transferList };
