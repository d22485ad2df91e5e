'use strict';

// V8's serialization format by Node's `node:v8`, with ArrayBuffer views as isolates read and write them.

const { isArrayBuffer } = require('node:util').types;
const v8 = require('node:v8');

/** The classes of views, by their number in the format. src/isolate/realm/js/bootstrap.js has the same order. */
const VIEWS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'Float16Array',
];
/** What follows the number of a view's class: its bytes, or its position and its buffer. */
const BYTES = 0;
const BUFFER = 1;

/**
 * Writes a `Buffer` that is a part of a larger ArrayBuffer, such as Node's pool of small Buffers, by its bytes alone: a
 * task must not see the other bytes. All other views are written with their buffer, and share it afterwards.
 */
class Serializer extends v8.Serializer {
  #moved;

  /** @param {ArrayBuffer[]} moved - buffers that are written as their index in this list */
  constructor(moved) {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
    this.writeHeader();
    this.#moved = moved;
    for (let i = 0; i < moved.length; i++) this.transferArrayBuffer(i, moved[i]);
  }

  /** Called by Node for views, and for host objects. */
  _writeHostObject(view) {
    const kind = ArrayBuffer.isView(view) ? VIEWS.indexOf(tagOf(view)) : -1;
    if (kind === -1) throw new Error(`#<${view.constructor?.name ?? 'Object'}> could not be cloned.`);
    this.writeUint32(kind);
    if (Buffer.isBuffer(view) && view.byteLength < view.buffer.byteLength && !this.#moved.includes(view.buffer)) {
      this.writeUint32(BYTES);
      this.writeUint32(view.byteLength);
      this.writeRawBytes(view);
    } else {
      this.writeUint32(BUFFER);
      this.writeDouble(view.byteOffset);
      this.writeDouble(tracksLength(view) ? Number.NaN : (view.length ?? view.byteLength));
      this.writeValue(view.buffer);
    }
  }
}

/** Reads what an isolate or `Serializer` has written. */
class Deserializer extends v8.Deserializer {
  #moved;

  /**
   * @param {Buffer} bytes
   * @param {ArrayBuffer[]} [moved] - the buffers that are written as their index in this list
   */
  constructor(bytes, moved = []) {
    super(bytes);
    this.#moved = moved;
    for (let i = 0; i < moved.length; i++) this.transferArrayBuffer(i, moved[i]);
  }

  _readHostObject() {
    const View = globalThis[VIEWS[this.readUint32()]];
    if (this.readUint32() === BYTES) {
      // Copied, because the bytes need not be aligned here.
      const bytes = new Uint8Array(this.readRawBytes(this.readUint32()));
      return new View(bytes.buffer, 0, bytes.length);
    }
    const [offset, length] = [this.readDouble(), this.readDouble()];
    const buffer = this.readValue();
    // From anything else, a typed array constructor would allocate as much as a number in it says.
    if (!isArrayBuffer(buffer)) throw new TypeError('a view has no buffer');
    // A moved buffer that is gone is empty, and so is its view.
    if (buffer.byteLength === 0 && this.#moved.includes(buffer)) return new View(buffer);
    return new View(buffer, offset, Number.isNaN(length) ? undefined : length);
  }
}

/**
 * Tells whether a view may be length-tracking. JavaScript cannot tell it from one of fixed length that ends where its
 * resizable buffer does.
 */
const tracksLength = ({ buffer, byteOffset, byteLength }) =>
  buffer.resizable === true && byteOffset + byteLength === buffer.byteLength;

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const tagGetter = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag).get;
const tagOf = (view) => tagGetter.call(view) ?? 'DataView';

/**
 * Serializes values into one buffer. Later ones can refer to objects in the first.
 * @param {ArrayBuffer[]} moved - buffers whose contents are left out
 * @param {...unknown} values
 * @returns {Buffer}
 * @throws {Error} when one cannot be cloned
 */
function serialize(moved, ...values) {
  const serializer = new Serializer(moved);
  for (const value of values) serializer.writeValue(value);
  return serializer.releaseBuffer();
}

module.exports = { Deserializer, serialize };
