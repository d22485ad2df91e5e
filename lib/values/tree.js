'use strict';

// Little plain data, as a tree: objects, arrays, strings, numbers, BigInts, booleans, null and undefined. Node's
// serializer takes some 5 µs for `{ a: 1 }`, most of it to begin and to finish. This takes a twentieth of that.
// src/isolate/values/tree_reader.rs is the other side.
//
//     value   kind byte, then
//     int     i32, little endian          number  f64, little endian
//     latin1  length, bytes               utf16   length in bytes, bytes
//     array   length, values              object  length, then each key: latin1 or utf16; then each value
//     bigint  as V8 writes it: 0xFF, version, 'Z', varint of twice the length in bytes, plus 1 if it is
//             negative; magnitude, in words of eight bytes, little endian
//     length  a byte; if that is 255, a u32 follows

const { isProxy } = require('node:util').types;
const v8 = require('node:v8');
const KIND = require('./kinds.js');
const { BIGINT_TAG, HEADER } = require('./v8-format.js');

// Values that exceed one of these limits are left to V8's serializer, which is faster for them.
const MAX_OBJECTS = 24;
const MAX_KEYS = 64;
const MAX_ELEMENTS = 256;
const MAX_TEXT = 4096;
/** Strings up to this length are copied by a loop here, longer ones by Node. */
const SHORT_TEXT = 48;
/** A length byte of a length that follows as a u32. */
const LONG = 255;
/** Bytes in a word of a BigInt. */
const WORD = 8;
/** BigInts of more words are written and read by V8, which takes longer to begin. */
const MAX_WORDS = 4;
const TOO_LARGE = 1n << BigInt(8 * WORD * MAX_WORDS);

const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const { getPrototypeOf, hasOwn, keys } = Object;
const { isArray } = Array;

/**
 * Writes a value with its kind.
 * @param {import('./arena.js').Arena} arena
 * @param {object} value
 * @returns {boolean} false where the value is not plain or too large; then nothing is written
 */
function writeTree(arena, value) {
  const start = arena.length;
  let isDone = false;
  try {
    arena.reserve(1);
    arena.bytes[arena.length++] = KIND.TREE;
    isDone = writeObject(arena, value, []);
    return isDone;
  } finally {
    if (!isDone) arena.length = start;
  }
}

function writeValue(arena, value, seen) {
  switch (typeof value) {
    case 'number':
      writeNumber(arena, value);
      return true;
    case 'string':
      return value.length <= MAX_TEXT && writeText(arena, value);
    case 'boolean':
      return writeKind(arena, value ? KIND.TRUE : KIND.FALSE);
    case 'undefined':
      return writeKind(arena, KIND.UNDEFINED);
    case 'bigint':
      return writeBigInt(arena, value);
    case 'object':
      return value === null ? writeKind(arena, KIND.NULL) : writeObject(arena, value, seen);
    default:
      return false;
  }
}

function writeNumber(arena, value) {
  arena.reserve(9);
  const at = arena.length;
  // An integer cannot be -0.
  if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
    arena.bytes[at] = KIND.INTEGER;
    arena.view.setInt32(at + 1, value, true);
    arena.length = at + 5;
  } else {
    arena.bytes[at] = KIND.NUMBER;
    arena.view.setFloat64(at + 1, value, true);
    arena.length = at + 9;
  }
}

/** @returns {true} */
function writeBigInt(arena, value) {
  if (value >= TOO_LARGE || value <= -TOO_LARGE) return writeLargeBigInt(arena, value);
  arena.reserve(5 + WORD * MAX_WORDS);
  const { bytes, length: start } = arena;
  let at = start + 5;
  for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= 64n) {
    arena.view.setBigUint64(at, BigInt.asUintN(64, rest), true);
    at += WORD;
  }
  bytes[start] = KIND.BIGINT;
  bytes[start + 1] = HEADER[0];
  bytes[start + 2] = HEADER[1];
  bytes[start + 3] = BIGINT_TAG;
  bytes[start + 4] = 2 * (at - start - 5) + (value < 0n ? 1 : 0);
  arena.length = at;
  return true;
}

function writeLargeBigInt(arena, value) {
  const serializer = new v8.Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  const written = serializer.releaseBuffer();
  arena.reserve(1 + written.length);
  arena.bytes[arena.length] = KIND.BIGINT;
  arena.bytes.set(written, arena.length + 1);
  arena.length += 1 + written.length;
  return true;
}

function writeObject(arena, object, seen) {
  // V8's serializer keeps the identity of an object that comes twice.
  if (seen.length === MAX_OBJECTS || seen.includes(object)) return false;
  seen.push(object);
  if (isPlain(object)) return writeEntries(arena, object, seen);
  if (!isArray(object) || isProxy(object) || getPrototypeOf(object) !== arrayPrototype) return false;
  return writeElements(arena, object, seen);
}

/**
 * Tells whether an object is nothing but its properties.
 * @param {object} object
 * @returns {boolean}
 */
const isPlain = (object) =>
  getPrototypeOf(object) === objectPrototype &&
  !isProxy(object) &&
  // An object with internal slots, such as an Error, may have the prototype of a plain one, but has a tag of its own.
  objectPrototype.toString.call(object) === '[object Object]';

function writeEntries(arena, object, seen) {
  const names = keys(object);
  const { length } = names;
  if (length > MAX_KEYS) return false;
  writeHead(arena, KIND.OBJECT, length);
  for (let i = 0; i < length; i++) {
    const name = names[i];
    if (name.length > MAX_TEXT || name === '__proto__') return false;
    writeText(arena, name);
  }
  for (let i = 0; i < length; i++) {
    const name = names[i];
    const value = object[name];
    // A getter may have deleted a key after it.
    if (value === undefined && !hasOwn(object, name)) return false;
    if (!writeValue(arena, value, seen)) return false;
  }
  return true;
}

function writeElements(arena, array, seen) {
  const { length } = array;
  if (length > MAX_ELEMENTS) return false;
  writeHead(arena, KIND.ARRAY, length);
  for (let i = 0; i < length; i++) {
    const value = array[i];
    // A hole is not undefined. V8's serializer keeps it.
    if ((value === undefined && !(i in array)) || !writeValue(arena, value, seen)) return false;
  }
  return keys(array).length === length;
}

/** @returns {true} */
function writeText(arena, text) {
  const { length } = text;
  arena.reserve(6 + 2 * length);
  if (length <= SHORT_TEXT) {
    const { bytes } = arena;
    const start = arena.length + 2;
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0xff) break;
      bytes[start + i] = code;
    }
    if (i === length) {
      bytes[start - 2] = KIND.LATIN1;
      bytes[start - 1] = length;
      arena.length = start + length;
      return true;
    }
  }
  const wide = KIND.BEYOND_LATIN1.test(text);
  const size = wide ? 2 * length : length;
  writeHead(arena, wide ? KIND.UTF16 : KIND.LATIN1, size);
  if (wide) arena.bytes.ucs2Write(text, arena.length);
  else arena.bytes.latin1Write(text, arena.length);
  arena.length += size;
  return true;
}

/** @returns {true} */
function writeKind(arena, kind) {
  arena.reserve(1);
  arena.bytes[arena.length++] = kind;
  return true;
}

function writeHead(arena, kind, length) {
  arena.reserve(6);
  arena.bytes[arena.length++] = kind;
  if (length < LONG) {
    arena.bytes[arena.length++] = length;
  } else {
    arena.bytes[arena.length++] = LONG;
    arena.view.setUint32(arena.length, length, true);
    arena.length += 4;
  }
}

/** What is being read, and the offset of the next byte. */
let source;
let view;
let at = 0;

/**
 * Reads a value with its kind.
 * @param {Buffer} bytes
 * @param {DataView} viewOfBytes
 * @param {number} start
 * @throws {RangeError} when they are no value
 */
function readTree(bytes, viewOfBytes, start) {
  source = bytes;
  view = viewOfBytes;
  at = start;
  return readValue();
}

function readValue() {
  const kind = source[at++];
  switch (kind) {
    case KIND.INTEGER:
      at += 4;
      return view.getInt32(at - 4, true);
    case KIND.NUMBER:
      at += 8;
      return view.getFloat64(at - 8, true);
    case KIND.LATIN1:
      return readLatin1();
    case KIND.UTF16:
      return readUtf16();
    case KIND.BIGINT:
      return readBigInt();
    case KIND.OBJECT:
      return readEntries();
    case KIND.ARRAY:
      return readElements();
    default:
      // The kind is undefined at the end of the bytes, which a wrong length may lead to.
      if (kind in KIND.CONSTANTS) return KIND.CONSTANTS[kind];
      throw new RangeError(`no kind of value: ${kind}`);
  }
}

function readBigInt() {
  const start = at;
  at += 3;
  let field = 0;
  let byte;
  let shift = 1;
  do {
    byte = source[at++];
    field += (byte & 0x7f) * shift;
    shift *= 128;
  } while (byte > 0x7f);
  const size = Math.floor(field / 2);
  const from = at;
  at += size;
  if (at > source.length || size % WORD !== 0) throw new RangeError(`no BigInt of ${size} bytes`);
  if (size > WORD * MAX_WORDS) {
    const deserializer = new v8.Deserializer(source.subarray(start, at));
    deserializer.readHeader();
    return deserializer.readValue();
  }
  let value = 0n;
  for (let word = at - WORD; word >= from; word -= WORD) value = (value << 64n) | view.getBigUint64(word, true);
  return field % 2 === 1 ? -value : value;
}

function readEntries() {
  const names = new Array(readCount());
  for (let i = 0; i < names.length; i++) names[i] = source[at++] === KIND.LATIN1 ? readLatin1() : readUtf16();
  const object = {};
  for (let i = 0; i < names.length; i++) object[names[i]] = readValue();
  return object;
}

function readElements() {
  const array = [];
  for (let left = readCount(); left > 0; left--) array.push(readValue());
  return array;
}

/** Reads the number of items that take a byte each at least. */
function readCount() {
  const count = readLength();
  if (count > source.length - at) throw new RangeError(`no room for ${count} values`);
  return count;
}

function readLength() {
  const length = source[at++];
  if (length !== LONG) return length;
  at += 4;
  return view.getUint32(at - 4, true);
}

/** Short strings that were read before, by a hash of their bytes. Most are keys, which come again. */
const known = new Array(512).fill('');

function readLatin1() {
  const length = readLength();
  const start = at;
  at += length;
  if (length > SHORT_TEXT) return source.latin1Slice(start, at);
  let hash = length;
  for (let i = start; i < at; i++) hash = (Math.imul(hash, 31) + source[i]) | 0;
  const slot = (hash ^ (hash >>> 9)) & 511;
  const text = known[slot];
  if (text.length === length) {
    let i = 0;
    while (i < length && text.charCodeAt(i) === source[start + i]) i++;
    if (i === length) return text;
  }
  known[slot] = source.latin1Slice(start, at);
  return known[slot];
}

function readUtf16() {
  const length = readLength();
  at += length;
  return source.ucs2Slice(at - length, at);
}

module.exports = { isPlain, readTree, writeBigInt, writeKind, writeNumber, writeTree };
