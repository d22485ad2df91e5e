'use strict';

// Values across the boundary, on Node's side; src/isolate/codec.rs is the other. The first byte tells
// the kind: small and common values have kinds of their own, everything else is V8's serialization
// format, whose first byte is always 0xFF. Errors lose their name, `cause` and own properties in it:
// where a value holds any, a second value follows that brings them back.

const { collectErrors, pathOfUncloneable, restoreErrors, takeCauses } = require('./clone.js');
const KIND = require('./kinds.js');
const { Deserializer, serialize } = require('./serializer.js');
const { decodeTree, encodeTree } = require('./tree.js');

const number = Buffer.alloc(9);

/**
 * Turns a value into bytes.
 * @param {unknown} value
 * @returns {Buffer} valid until the next call
 * @throws {Error} when it cannot be cloned
 */
function encode(value) {
  switch (typeof value) {
    case 'number':
      number[0] = KIND.NUMBER;
      number.writeDoubleLE(value, 1);
      return number;
    case 'string':
      return encodeString(value);
    case 'boolean':
      return one(value ? KIND.TRUE : KIND.FALSE);
    case 'undefined':
      return one(KIND.UNDEFINED);
    default:
      return value === null ? one(KIND.NULL) : (encodeTree(value) ?? encodeClone(value));
  }
}

const ones = KIND.CONSTANTS.map((_, kind) => Buffer.of(kind));
const one = (kind) => ones[kind];

function encodeString(text) {
  const wide = KIND.BEYOND_LATIN1.test(text);
  const bytes = Buffer.allocUnsafe(1 + (wide ? text.length * 2 : text.length));
  bytes[0] = wide ? KIND.UTF16 : KIND.LATIN1;
  bytes.write(text, 1, wide ? 'utf16le' : 'latin1');
  return bytes;
}

function encodeClone(value) {
  const bytes = serialize(value);
  if (!mayContainError(bytes)) return bytes;
  const found = collectErrors(value, isCloneable);
  if (found.length === 0) return bytes;
  const putBack = takeCauses(found);
  try {
    return Buffer.concat([Buffer.of(KIND.V8_WITH_ERRORS), serialize(value, found)]);
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
function decode(bytes) {
  const kind = bytes[0];
  switch (kind) {
    case KIND.NUMBER:
      return bytes.readDoubleLE(1);
    case KIND.LATIN1:
      return bytes.latin1Slice(1);
    case KIND.UTF16:
      return bytes.ucs2Slice(1);
    case KIND.TREE:
      return decodeTree(bytes);
    case KIND.V8:
      return decodeClone(bytes, false);
    case KIND.V8_WITH_ERRORS:
      return decodeClone(bytes.subarray(1), true);
    default:
      // No bytes are what is left of an error that could not be written.
      if (kind === undefined || kind in KIND.CONSTANTS) return KIND.CONSTANTS[kind];
      throw new RangeError(`no kind of value: ${kind}`);
  }
}

function decodeClone(bytes, withErrors) {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  const value = deserializer.readValue();
  if (withErrors) restoreErrors(deserializer.readValue());
  return value;
}

/** Names the place in a value that keeps it from being cloned. */
const uncloneablePath = (value, root) => pathOfUncloneable(value, root, isCloneable);

module.exports = { decode, encode, uncloneablePath };
