'use strict';

// ArrayBuffers that a task moves: into the pool with its payload, and out of it with its result. What is
// detached and what may be is Node's own decision; the native pool takes the memory without copying it.

const { isArrayBuffer } = require('node:util').types;
const { invalid } = require('../errors.js');

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
 * Takes buffers from whoever has them: theirs are detached.
 * @param {ArrayBuffer[]} list - checked
 * @returns {ArrayBuffer[]} others with their memory
 * @throws {IsolaneError} ERR_INVALID_ARG where one cannot be detached, such as the memory of WebAssembly or Node's
 *   pool of small Buffers; then none is
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

const isMovable = (buffer) => !isDetached(buffer) && refusalOfTwo(buffer) === TWICE;

/** @returns {ArrayBuffer[] | undefined} nothing where one cannot be moved */
function move(list) {
  try {
    const moved = structuredClone(list, { transfer: list });
    // To ask for an error takes longer than all the rest.
    const isGone = (buffer, i) => (moved[i].byteLength > 0 ? buffer.byteLength === 0 : isDetached(buffer));
    return list.every(isGone) ? moved : undefined;
  } catch (error) {
    if (error.name === 'DataCloneError') return undefined;
    throw error;
  }
}

/** Whether Node moves none where it cannot move one of them. Node 20 copies that one. */
const REFUSES_ALL = (() => {
  const good = new ArrayBuffer(1);
  move([good, Buffer.from('pooled').buffer]);
  return good.byteLength === 1;
})();

/** A buffer whose every byte is about to be written. To clear one takes longer than to move memory into it. */
const uncleared = (length) => (length === 0 ? new ArrayBuffer(0) : Buffer.allocUnsafeSlow(length).buffer);

/**
 * Makes buffers of the next moved buffers of the native pool.
 * @param {{ takeMoved(): (ArrayBuffer | number)[], fillMoved(buffers: ArrayBuffer[]): void }} native
 * @returns {ArrayBuffer[]}
 */
function takeBuffers(native) {
  const moved = native.takeMoved();
  const isMade = moved.map((buffer) => typeof buffer === 'number');
  const buffers = moved.map((buffer, i) => (isMade[i] ? uncleared(buffer) : buffer));
  if (isMade.includes(true)) native.fillMoved(buffers.filter((_, i) => isMade[i]));
  return buffers;
}

module.exports = { takeBuffers, detachBuffers, transferList };
