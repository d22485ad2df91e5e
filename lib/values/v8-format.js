'use strict';

// V8's serialization format, as far as it is read and written here without V8. The tags are those of
// value-serializer.cc in V8.

/** The tag of the header, and a version of the format that every V8 reads. */
const HEADER = [0xff, 0x0f];
const BIGINT_TAG = 'Z'.charCodeAt(0);
/** Of an ArrayBuffer that is moved: its index follows. */
const MOVED_BUFFER_TAG = 't'.charCodeAt(0);
const ERROR_TAG = 'r'.charCodeAt(0);
/** The tags that may follow that of an error. */
const ERROR_PARTS = new Set(Buffer.from('ERFSTUmcs.'));

/** A serialized value that is nothing but the moved buffer with this index. Most payloads with `transfer` are. */
const movedBuffer = (index) => Buffer.of(...HEADER, MOVED_BUFFER_TAG, index);

/** The greatest index that `movedBuffer` takes: that of one byte. */
const MAX_MOVED_BUFFER = 127;

/** @returns {number | undefined} the index of the moved buffer that is all of a serialized value */
function movedBufferIndex(bytes) {
  const isOne = bytes.length === 4 && bytes[0] === HEADER[0] && bytes[1] === HEADER[1] && bytes[2] === MOVED_BUFFER_TAG;
  return isOne ? bytes[3] : undefined;
}

/**
 * Tells whether a serialized value may contain an error. Text can look like one: true only means that the value has to
 * be searched.
 * @param {Buffer} bytes
 */
function mayContainError(bytes) {
  for (let at = bytes.indexOf(ERROR_TAG); at !== -1; at = bytes.indexOf(ERROR_TAG, at + 1)) {
    if (ERROR_PARTS.has(bytes[at + 1])) return true;
  }
  return false;
}

module.exports = { BIGINT_TAG, HEADER, MAX_MOVED_BUFFER, mayContainError, movedBuffer, movedBufferIndex };
