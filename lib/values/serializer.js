'use strict';

// Node's serializer for V8's format, with views as an isolate can read them, and what reads them here.

const { isArrayBuffer } = require('node:util').types;
const v8 = require('node:v8');

/** As `js/bootstrap.js` makes them again, in this order. */
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
const BYTES = 0;
const BUFFER = 1;

/**
 * Writes a Node `Buffer` that is a part of something larger, such as Node's pool, by its bytes alone:
 * a task must not see what else lies there. Other views keep their buffer and share it.
 */
class Serializer extends v8.Serializer {
  #moved;

  /** @param {ArrayBuffer[]} [moved] - written by their places in this list alone */
  constructor(moved = []) {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
    this.writeHeader();
    this.#moved = moved;
    for (let i = 0; i < moved.length; i++) this.transferArrayBuffer(i, moved[i]);
  }

  /** Called by Node for views, and for objects that are no plain JavaScript. */
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

/** Reads what an isolate, or `Serializer`, wrote. */
class Deserializer extends v8.Deserializer {
  #moved;

  /**
   * @param {Buffer} bytes
   * @param {ArrayBuffer[]} [moved] - those that the value has by their places in this list
   */
  constructor(bytes, moved = []) {
    super(bytes);
    this.#moved = moved;
    for (let i = 0; i < moved.length; i++) this.transferArrayBuffer(i, moved[i]);
  }

  _readHostObject() {
    const View = globalThis[VIEWS[this.readUint32()]];
    if (this.readUint32() === BYTES) {
      // A copy: what was written aligned need not lie so here.
      const bytes = new Uint8Array(this.readRawBytes(this.readUint32()));
      return new View(bytes.buffer, 0, bytes.length);
    }
    const [offset, length] = [this.readDouble(), this.readDouble()];
    const buffer = this.readValue();
    // Of anything else a typed array would be made anew, as large as a number says.
    if (!isArrayBuffer(buffer)) throw new TypeError('a view has no buffer');
    // Of one that is gone, nothing is left to be seen.
    if (buffer.byteLength === 0 && this.#moved.includes(buffer)) return new View(buffer);
    return new View(buffer, offset, Number.isNaN(length) ? undefined : length);
  }
}

/** Nothing tells a view that follows its resizable buffer from one that just ends where that does. */
const tracksLength = ({ buffer, byteOffset, byteLength }) =>
  buffer.resizable === true && byteOffset + byteLength === buffer.byteLength;

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const tagGetter = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag).get;
const tagOf = (view) => tagGetter.call(view) ?? 'DataView';

/**
 * Serializes values in one session, so that the later ones can refer to objects of the first.
 * @param {...unknown} values
 * @returns {Buffer}
 */
function serialize(...values) {
  return serializeMoved([], ...values);
}

/**
 * The same without the contents of some buffers.
 * @param {ArrayBuffer[]} moved
 * @param {...unknown} values
 * @returns {Buffer}
 */
function serializeMoved(moved, ...values) {
  const serializer = new Serializer(moved);
  for (const value of values) serializer.writeValue(value);
  return serializer.releaseBuffer();
}

module.exports = { Deserializer, serialize, serializeMoved };
