'use strict';

// The codec for values that cross between Node and isolates; src/isolate/values/codec.rs is the other side. The first byte of
// an encoded value is its kind. Small and frequent values have kinds of their own. All others are in V8's serialization
// format, whose first byte is always 0xFF. In that format errors lose their name, `cause` and own properties, so a
// value that contains errors is followed by a second value that restores them.

const { Arena } = require('./arena.js');
const { collectErrors, pathOfUncloneable, restoreErrors, takeCauses } = require('./clone.js');
const KIND = require('./kinds.js');
const { Deserializer, serialize } = require('./serializer.js');
const { createTable } = require('./table.js');
const { isPlain, readTree, writeBigInt, writeKind, writeNumber, writeTree } = require('./tree.js');
const { MAX_MOVED_BUFFER, mayContainError, movedBuffer, movedBufferIndex } = require('./v8-format.js');

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

/** Strings of more bytes get a buffer of their own: in an arena they would be copied once more. */
const MAX_INLINE_TEXT = 16 * 1024;

/** The arena of `encode`; undefined while it is in use. */
let scratch = new Arena(16 * 1024);

/**
 * Encodes a value.
 * @param {unknown} value
 * @returns {Buffer} valid until the next call
 * @throws {Error} when it cannot be cloned
 */
function encode(value) {
  // A getter of the value may encode another one.
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
 * Encodes a value into an arena, or into a buffer of its own.
 * @param {Arena} arena - unchanged where this throws or returns a buffer
 * @param {unknown} value
 * @param {boolean} [isWarm] - the value is read in a realm that stays, where the code for tables is compiled already
 * @returns {Buffer | undefined} undefined where the value is in the arena
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
      writeKind(arena, value ? KIND.TRUE : KIND.FALSE);
      return undefined;
    case 'undefined':
      writeKind(arena, KIND.UNDEFINED);
      return undefined;
    case 'bigint':
      writeBigInt(arena, value);
      return undefined;
    case 'object':
      if (value === null) {
        writeKind(arena, KIND.NULL);
        return undefined;
      }
      return writeTree(arena, value) ? undefined : ((isWarm ? encodeTable(value) : undefined) ?? encodeClone(value));
    default:
      return encodeClone(value);
  }
}

function writeString(arena, text) {
  const wide = KIND.BEYOND_LATIN1.test(text);
  const size = 1 + (wide ? text.length * 2 : text.length);
  const isLong = size > MAX_INLINE_TEXT;
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
  // A getter of the value may encode another one.
  if (isWritingTable) return undefined;
  isWritingTable = true;
  try {
    return table.encode(value);
  } finally {
    isWritingTable = false;
  }
}

/**
 * Encodes a value without the contents of the buffers that move with it.
 * @param {unknown} value
 * @param {ArrayBuffer[]} moved
 * @returns {Buffer}
 * @throws {Error} when it cannot be cloned
 */
function encodeMoved(value, moved) {
  const index = moved.indexOf(value);
  return index === -1 || index > MAX_MOVED_BUFFER ? encodeClone(value, moved) : movedBuffer(index);
}

function encodeClone(value, moved = []) {
  const bytes = serialize(moved, value);
  if (!mayContainError(bytes)) return bytes;
  const found = collectErrors(value, isCloneable);
  if (found.length === 0) return bytes;
  const putBack = takeCauses(found);
  try {
    return Buffer.concat([Buffer.of(KIND.V8_WITH_ERRORS), serialize(moved, value, found)]);
  } finally {
    putBack();
  }
}

function isCloneable(value) {
  try {
    serialize([], value);
    return true;
  } catch {
    return false;
  }
}

/**
 * Decodes a value that an isolate or `encode` has written. The value holds no part of the bytes.
 * @param {Buffer} bytes
 * @throws {Error} when they are no value
 */
const decode = (bytes) => read(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);

/**
 * Decodes a value from a part of some bytes.
 * @param {Buffer} bytes
 * @param {DataView} view - of the same bytes
 * @param {number} start
 * @param {number} end
 * @throws {Error} when they are no value
 */
function read(bytes, view, start, end) {
  // An isolate writes no bytes for an error that cannot be encoded.
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
 * Decodes a value whose buffers have moved.
 * @param {Buffer} bytes
 * @param {ArrayBuffer[]} moved
 * @throws {Error} when they are no value
 */
function decodeMoved(bytes, moved) {
  const index = movedBufferIndex(bytes);
  if (index < moved.length) return moved[index];
  if (bytes[0] === KIND.V8) return decodeClone(bytes, false, moved);
  if (bytes[0] === KIND.V8_WITH_ERRORS) return decodeClone(bytes.subarray(1), true, moved);
  return decode(bytes);
}

/**
 * Decodes a value whose buffers are gone: they are empty, and so are the views of them.
 * @param {Buffer} bytes
 * @param {number} count - number of buffers
 */
function decodeDetached(bytes, count) {
  const detached = Array.from({ length: count }, () => new ArrayBuffer(0));
  return decodeMoved(bytes, detached);
}

/**
 * Says which part of a value cannot be cloned.
 * @param {unknown} value
 * @param {string} root - what the path starts with, such as `payload`
 * @param {string} why
 * @param {string} [owner] - what the value belongs to
 * @returns {string} for instance `payload.items[3] cannot be cloned: …`
 */
function uncloneableMessage(value, root, why, owner) {
  const path = pathOfUncloneable(value, root, isCloneable);
  return `${owner === undefined ? path : `${path} of ${owner}`} cannot be cloned: ${why}`;
}

module.exports = { decode, decodeDetached, decodeMoved, encode, encodeMoved, read, uncloneableMessage, write };
