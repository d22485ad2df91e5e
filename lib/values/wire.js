'use strict';

// Values across the boundary, on Node's side; src/isolate/codec.rs is the other. The first byte tells
// the kind: small and common values have kinds of their own, everything else is V8's serialization
// format, whose first byte is always 0xFF. Errors lose their name, `cause` and own properties in it:
// where a value holds any, a second value follows that brings them back.

const { Arena } = require('./arena.js');
const { collectErrors, pathOfUncloneable, restoreErrors, takeCauses } = require('./clone.js');
const KIND = require('./kinds.js');
const { Deserializer, serialize, serializeMoved } = require('./serializer.js');
const { createTable } = require('./table.js');
const { isPlain, readTree, writeBigInt, writeNumber, writeTree } = require('./tree.js');

const { isProxy } = require('node:util').types;

const table = createTable({
  isPlain,
  isProxy,
  isWide: (text) => KIND.BEYOND_LATIN1.test(text),
  makeOutput: (size) => Buffer.allocUnsafeSlow(size),
  writeLong(text, units, at, wide) {
    const bytes = Buffer.from(units.buffer);
    if (wide) bytes.ucs2Write(text, 2 * at);
    else bytes.latin1Write(text, at);
  },
  readText: (bytes, from, to, wide) => (wide ? bytes.ucs2Slice(from, to) : bytes.latin1Slice(from, to)),
  blank(length) {
    const array = [];
    for (let i = 0; i < length; i++) array.push(undefined);
    return array;
  },
});

/** Longer texts are not written into an arena, where they would be copied once more. */
const MAX_TEXT = 16 * 1024;

let scratch = new Arena(16 * 1024);

/**
 * Turns a value into bytes.
 * @param {unknown} value
 * @returns {Buffer} valid until the next call
 * @throws {Error} when it cannot be cloned
 */
function encode(value) {
  // A getter of the value may have another one encoded.
  const arena = scratch ?? new Arena(1024);
  scratch = undefined;
  arena.length = 0;
  try {
    return write(arena, value) ?? arena.written();
  } finally {
    scratch = arena;
  }
}

/**
 * Writes a value into an arena, or hands over the bytes of one that has no place there.
 * @param {Arena} arena - as it was before where this throws, or gives bytes
 * @param {unknown} value
 * @param {boolean} [isWarm] - it is read where code for values like it is compiled already
 * @returns {Buffer | undefined}
 * @throws {Error} when it cannot be cloned
 */
function write(arena, value, isWarm = false) {
  switch (typeof value) {
    case 'number':
      writeNumber(arena, value);
      return undefined;
    case 'string':
      return writeString(arena, value);
    case 'boolean':
      return writeKind(arena, value ? KIND.TRUE : KIND.FALSE);
    case 'undefined':
      return writeKind(arena, KIND.UNDEFINED);
    case 'bigint':
      writeBigInt(arena, value);
      return undefined;
    case 'object':
      if (value === null) return writeKind(arena, KIND.NULL);
      return writeTree(arena, value) ? undefined : ((isWarm ? encodeTable(value) : undefined) ?? encodeClone(value));
    default:
      return encodeClone(value);
  }
}

function writeKind(arena, kind) {
  arena.reserve(1);
  arena.bytes[arena.length++] = kind;
}

function writeString(arena, text) {
  const wide = KIND.BEYOND_LATIN1.test(text);
  const size = 1 + (wide ? text.length * 2 : text.length);
  const isLong = size > MAX_TEXT;
  if (!isLong) arena.reserve(size);
  const [bytes, at] = isLong ? [Buffer.allocUnsafeSlow(size), 0] : [arena.bytes, arena.length];
  bytes[at] = wide ? KIND.UTF16 : KIND.LATIN1;
  if (wide) bytes.ucs2Write(text, at + 1);
  else bytes.latin1Write(text, at + 1);
  if (isLong) return bytes;
  arena.length += size;
  return undefined;
}

let isWritingTable = false;

function encodeTable(value) {
  // A getter of the value may have another one encoded.
  if (isWritingTable) return undefined;
  isWritingTable = true;
  try {
    return table.encode(value);
  } finally {
    isWritingTable = false;
  }
}

/**
 * Turns a value into bytes without the contents of some buffers.
 * @param {unknown} value
 * @param {ArrayBuffer[]} moved
 * @returns {Buffer}
 * @throws {Error} when it cannot be cloned
 */
function encodeMoved(value, moved) {
  const place = moved.indexOf(value);
  // As V8 writes it; most payloads with buffers are one.
  return place === -1 || place > 127 ? encodeClone(value, moved) : Buffer.of(...MOVED_BUFFER, place);
}

/** Tag and version of V8's format that every V8 can read, and the tag of a buffer that is moved. */
const MOVED_BUFFER = [0xff, 0x0f, 't'.charCodeAt(0)];

const isMovedBuffer = (bytes) => bytes.length === 4 && MOVED_BUFFER.every((byte, i) => bytes[i] === byte);

function encodeClone(value, moved = []) {
  const bytes = serializeMoved(moved, value);
  if (!mayContainError(bytes)) return bytes;
  const found = collectErrors(value, isCloneable);
  if (found.length === 0) return bytes;
  const putBack = takeCauses(found);
  try {
    return Buffer.concat([Buffer.of(KIND.V8_WITH_ERRORS), serializeMoved(moved, value, found)]);
  } finally {
    putBack();
  }
}

function isCloneable(value) {
  try {
    serialize(value);
    return true;
  } catch {
    return false;
  }
}

const ERROR_TAG = 'r'.charCodeAt(0);
const ERROR_PARTS = new Set(Buffer.from('ERFSTUmcs.'));

/**
 * Whether the serialized form of an error could be in there. Text can look like it: a yes only means
 * that it is worth a look. V8 writes `r` and one of these tags (ErrorTag in its value-serializer.cc).
 */
function mayContainError(bytes) {
  for (let at = bytes.indexOf(ERROR_TAG); at !== -1; at = bytes.indexOf(ERROR_TAG, at + 1)) {
    if (ERROR_PARTS.has(bytes[at + 1])) return true;
  }
  return false;
}

/**
 * Makes a value from bytes that an isolate, or `encode`, wrote. Copies what it keeps.
 * @param {Buffer} bytes
 */
const decode = (bytes) => read(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);

/**
 * Makes a value from a part of some bytes.
 * @param {Buffer} bytes
 * @param {DataView} view - of the same
 * @param {number} start
 * @param {number} end
 */
function read(bytes, view, start, end) {
  // No bytes are what is left of an error that could not be written.
  if (start === end) return undefined;
  const kind = bytes[start];
  switch (kind) {
    case KIND.INTEGER:
      return view.getInt32(start + 1, true);
    case KIND.NUMBER:
      return view.getFloat64(start + 1, true);
    case KIND.LATIN1:
      return bytes.latin1Slice(start + 1, end);
    case KIND.UTF16:
      return bytes.ucs2Slice(start + 1, end);
    case KIND.TREE:
      return readTree(bytes, view, start + 1);
    case KIND.BIGINT:
      return readTree(bytes, view, start);
    case KIND.TABLE:
      return table.decode(bytes.subarray(start, end));
    case KIND.V8:
      return decodeClone(bytes.subarray(start, end), false);
    case KIND.V8_WITH_ERRORS:
      return decodeClone(bytes.subarray(start + 1, end), true);
    default:
      if (kind in KIND.CONSTANTS) return KIND.CONSTANTS[kind];
      throw new RangeError(`no kind of value: ${kind}`);
  }
}

function decodeClone(bytes, withErrors, moved) {
  const deserializer = new Deserializer(bytes, moved);
  deserializer.readHeader();
  const value = deserializer.readValue();
  if (withErrors) restoreErrors(deserializer.readValue());
  return value;
}

/**
 * Makes a value from bytes that have not the contents of some buffers.
 * @param {Buffer} bytes
 * @param {ArrayBuffer[]} moved
 */
function decodeMoved(bytes, moved) {
  if (isMovedBuffer(bytes) && bytes[3] < moved.length) return moved[bytes[3]];
  if (bytes[0] === KIND.V8) return decodeClone(bytes, false, moved);
  if (bytes[0] === KIND.V8_WITH_ERRORS) return decodeClone(bytes.subarray(1), true, moved);
  return decode(bytes);
}

/**
 * The same where the buffers went: they are empty, and so are views of them.
 * @param {Buffer} bytes
 * @param {number} count - of buffers
 */
function decodeDetached(bytes, count) {
  const gone = Array.from({ length: count }, () => new ArrayBuffer(0));
  return decodeMoved(bytes, gone);
}

/** Names the place in a value that keeps it from being cloned. */
const uncloneablePath = (value, root) => pathOfUncloneable(value, root, isCloneable);

module.exports = { decode, decodeDetached, decodeMoved, encode, encodeMoved, read, uncloneablePath, write };
