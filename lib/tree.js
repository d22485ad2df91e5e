'use strict';

// Plain data in a format of our own: objects, arrays, strings, numbers, booleans, null, undefined.
// Node's serializer takes some 5 µs for `{ a: 1 }`, most of it to start and to end; this takes a tenth.
// src/isolate/tree.rs is the other side.
//
//     value   kind byte, then
//     number  f64, little endian
//     latin1  u32 length, bytes          utf16   u32 length in bytes, bytes
//     array   u32 length, values         object  u32 length, then for each key: latin1 or utf16, value

const { isProxy } = require('node:util').types;
const KIND = require('./kinds.js');

/** More objects than this are left to V8's serializer, which is faster for them. */
const MAX_OBJECTS = 24;
const MAX_KEYS = 64;
const MAX_ELEMENTS = 256;
const MAX_TEXT = 4096;
/** Texts up to this length are copied here, longer ones by Node. */
const SHORT_TEXT = 48;

const objectPrototype = Object.prototype;
const arrayPrototype = Array.prototype;
const { getPrototypeOf, keys } = Object;
const { isArray } = Array;

let bytes = Buffer.allocUnsafeSlow(16 * 1024);
let at = 0;
/** Objects that were met: one that is met twice needs its identity kept, which V8's serializer does. */
const met = [];
let isBusy = false;

/**
 * @param {object} value
 * @returns {Buffer | undefined} valid until the next call; undefined where it is not plain or too large
 */
function encodeTree(value) {
  // A getter of a value that is being encoded may submit a task.
  if (isBusy) return undefined;
  isBusy = true;
  at = 1;
  bytes[0] = KIND.TREE;
  try {
    return writeObject(value) ? bytes.subarray(0, at) : undefined;
  } finally {
    met.length = 0;
    isBusy = false;
  }
}

function writeValue(value) {
  switch (typeof value) {
    case 'number':
      reserve(9);
      bytes[at] = KIND.NUMBER;
      at = bytes.writeDoubleLE(value, at + 1);
      return true;
    case 'string':
      return writeText(value);
    case 'boolean':
      return writeKind(value ? KIND.TRUE : KIND.FALSE);
    case 'undefined':
      return writeKind(KIND.UNDEFINED);
    case 'object':
      return value === null ? writeKind(KIND.NULL) : writeObject(value);
    default:
      return false;
  }
}

function writeObject(object) {
  if (met.length === MAX_OBJECTS || met.includes(object)) return false;
  met.push(object);
  const prototype = getPrototypeOf(object);
  if (prototype === objectPrototype) return !isProxy(object) && writeEntries(object);
  if (prototype === arrayPrototype) return isArray(object) && !isProxy(object) && writeElements(object);
  return false;
}

function writeEntries(object) {
  // What has a class of its own inside and only looks plain, such as an error, has a tag of its own.
  if (objectPrototype.toString.call(object) !== '[object Object]') return false;
  const names = keys(object);
  if (names.length > MAX_KEYS) return false;
  writeHead(KIND.OBJECT, names.length);
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    if (name === '__proto__' || !writeText(name) || !writeValue(object[name])) return false;
  }
  return true;
}

function writeElements(array) {
  const { length } = array;
  if (length > MAX_ELEMENTS) return false;
  writeHead(KIND.ARRAY, length);
  for (let i = 0; i < length; i++) {
    const value = array[i];
    // A hole is not undefined, and stays one with V8's serializer.
    if ((value === undefined && !(i in array)) || !writeValue(value)) return false;
  }
  return keys(array).length === length;
}

function writeText(text) {
  const { length } = text;
  if (length > MAX_TEXT) return false;
  reserve(5 + 2 * length);
  const start = at + 5;
  if (length <= SHORT_TEXT) {
    let i = 0;
    for (; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0xff) break;
      bytes[start + i] = code;
    }
    if (i === length) {
      writeHead(KIND.LATIN1, length);
      at += length;
      return true;
    }
  }
  const wide = KIND.BEYOND_LATIN1.test(text);
  const size = wide ? 2 * length : length;
  writeHead(wide ? KIND.UTF16 : KIND.LATIN1, size);
  if (wide) bytes.ucs2Write(text, at);
  else bytes.latin1Write(text, at);
  at += size;
  return true;
}

function writeKind(kind) {
  reserve(1);
  bytes[at++] = kind;
  return true;
}

function writeHead(kind, length) {
  reserve(5);
  bytes[at] = kind;
  at = bytes.writeUInt32LE(length, at + 1);
}

function reserve(size) {
  if (at + size <= bytes.length) return;
  const larger = Buffer.allocUnsafeSlow(bytes.length * 2 + size);
  larger.set(bytes.subarray(0, at));
  bytes = larger;
}

/**
 * @param {Buffer} tree - as the isolate's side wrote it
 */
function decodeTree(tree) {
  source = tree;
  from = 1;
  return readValue();
}

let source;
let from = 0;

function readValue() {
  const kind = source[from++];
  switch (kind) {
    case KIND.NUMBER:
      from += 8;
      return source.readDoubleLE(from - 8);
    case KIND.LATIN1:
      return readLatin1();
    case KIND.UTF16:
      return readUtf16();
    case KIND.OBJECT:
      return readEntries();
    case KIND.ARRAY:
      return readElements();
    default:
      // Also where the bytes are at their end: a length may say that there are more.
      if (kind in KIND.CONSTANTS) return KIND.CONSTANTS[kind];
      throw new RangeError(`no kind of value: ${kind}`);
  }
}

function readEntries() {
  const object = {};
  for (let left = readLength(); left > 0; left--) {
    const name = source[from++] === KIND.LATIN1 ? readLatin1() : readUtf16();
    object[name] = readValue();
  }
  return object;
}

function readElements() {
  const array = [];
  for (let left = readLength(); left > 0; left--) array.push(readValue());
  return array;
}

function readLength() {
  from += 4;
  return source.readUInt32LE(from - 4);
}

/** Short texts that were read before, by a hash of their bytes: most are keys, which come again. */
const known = new Array(512).fill('');

function readLatin1() {
  const length = readLength();
  const start = from;
  from += length;
  if (length > SHORT_TEXT) return source.latin1Slice(start, from);
  let hash = length;
  for (let i = start; i < from; i++) hash = (Math.imul(hash, 31) + source[i]) | 0;
  const slot = (hash ^ (hash >>> 9)) & 511;
  const text = known[slot];
  if (text.length === length) {
    let i = 0;
    while (i < length && text.charCodeAt(i) === source[start + i]) i++;
    if (i === length) return text;
  }
  known[slot] = source.latin1Slice(start, from);
  return known[slot];
}

function readUtf16() {
  const length = readLength();
  from += length;
  return source.ucs2Slice(from - length, from);
}

module.exports = { decodeTree, encodeTree };
