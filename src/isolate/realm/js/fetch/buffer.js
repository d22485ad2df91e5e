// The part of Node's Buffer that undici's fetch classes use: it concatenates, searches, slices and decodes bytes.

import { primordials } from 'ext:core/mod.js';
import { forgivingBase64Decode } from 'ext:deno_web/00_infra.js';
import { TextDecoder, TextEncoder } from 'ext:deno_web/08_text_encoding.js';

const {
  ArrayPrototypeForEach,
  ObjectPrototypeIsPrototypeOf,
  RegExpPrototypeSymbolReplace,
  SafeRegExp,
  StringFromCharCode,
  StringPrototypeCharCodeAt,
  StringPrototypeSlice,
  StringPrototypeSplit,
  TypeError,
  TypedArrayPrototypeGetByteLength,
  TypedArrayPrototypeGetLength,
  TypedArrayPrototypeIndexOf,
  TypedArrayPrototypeSet,
  Uint8Array,
  uncurryThis,
} = primordials;
const encode = uncurryThis(TextEncoder.prototype.encode);
const decode = uncurryThis(TextDecoder.prototype.decode);

// Created on first use: creating a decoder calls an op, and realms start without one.
let encoder;
let decoder;

const toUtf8 = (text) => encode((encoder ??= new TextEncoder()), text);
// As in Node, a byte order mark is kept.
const fromUtf8 = (bytes) => decode((decoder ??= new TextDecoder('utf-8', { __proto__: null, ignoreBOM: true })), bytes);

const NOT_BASE64 = new SafeRegExp(/[^A-Za-z0-9+/]/g);

export class Buffer extends Uint8Array {
  static from(source, encoding = 'utf8') {
    if (typeof source === 'string') return new Buffer(bytesOf(source, encoding));
    if (typeof source === 'object' && source !== null) return new Buffer(source);
    throw new TypeError(
      'The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an ' +
        `Array-like Object. Received type ${typeof source}`,
    );
  }

  static allocUnsafe(size) {
    return new Buffer(size);
  }

  static byteLength(text) {
    return TypedArrayPrototypeGetByteLength(toUtf8(text));
  }

  static isBuffer(value) {
    return ObjectPrototypeIsPrototypeOf(Buffer.prototype, value);
  }

  static concat(list, length) {
    const all = new Buffer(length);
    let end = 0;
    ArrayPrototypeForEach(list, (bytes) => {
      TypedArrayPrototypeSet(all, bytes, end);
      end += TypedArrayPrototypeGetLength(bytes);
    });
    return all;
  }

  toString(encoding = 'utf8') {
    if (encoding === 'utf8') return fromUtf8(this);
    let text = '';
    for (let i = 0; i < this.length; i++) text += StringFromCharCode(this[i]);
    return text;
  }

  equals(other) {
    return this.length === other.length && startsAt(this, other, 0);
  }

  indexOf(bytes, from = 0) {
    const last = this.length - bytes.length;
    let at = TypedArrayPrototypeIndexOf(this, bytes[0], from);
    while (at !== -1 && at <= last) {
      if (startsAt(this, bytes, at)) return at;
      at = TypedArrayPrototypeIndexOf(this, bytes[0], at + 1);
    }
    return -1;
  }
}

function startsAt(bytes, part, at) {
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}

function bytesOf(text, encoding) {
  if (encoding === 'utf8') return toUtf8(text);
  if (encoding === 'base64') return fromBase64(text);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = StringPrototypeCharCodeAt(text, i);
  return bytes;
}

/** As in Node, characters outside the alphabet are ignored, and the first `=` ends the text. */
function fromBase64(text) {
  const digits = RegExpPrototypeSymbolReplace(NOT_BASE64, StringPrototypeSplit(text, '=', 1)[0], '');
  const end = digits.length % 4 === 1 ? -1 : undefined;
  return forgivingBase64Decode(StringPrototypeSlice(digits, 0, end));
}
