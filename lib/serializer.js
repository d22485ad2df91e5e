'use strict';

// Node's serializer for V8's format, with two things put right for an isolate that reads it.

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
  constructor() {
    super();
    this._setTreatArrayBufferViewsAsHostObjects(true);
    this.writeHeader();
  }

  /** Called by Node for views, and for objects that are no plain JavaScript. */
  _writeHostObject(view) {
    const kind = ArrayBuffer.isView(view) ? VIEWS.indexOf(tagOf(view)) : -1;
    if (kind === -1) throw new Error(`#<${view.constructor?.name ?? 'Object'}> could not be cloned.`);
    this.writeUint32(kind);
    if (Buffer.isBuffer(view) && view.byteLength < view.buffer.byteLength) {
      this.writeUint32(BYTES);
      this.writeUint32(view.byteLength);
      this.writeRawBytes(view);
    } else {
      this.writeUint32(BUFFER);
      this.writeDouble(view.byteOffset);
      this.writeDouble(view.length ?? view.byteLength);
      this.writeValue(view.buffer);
    }
  }
}

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);
const tagGetter = Object.getOwnPropertyDescriptor(typedArrayPrototype, Symbol.toStringTag).get;
const tagOf = (view) => tagGetter.call(view) ?? 'DataView';

/** Node 20 writes the cause of an error before its stack, later V8s read it behind. */
const misplacesCause = (() => {
  const serializer = new v8.Serializer();
  serializer.writeValue(Object.assign(new Error('', { cause: 1 }), { stack: '' }));
  const bytes = serializer.releaseBuffer();
  return bytes.indexOf('c') < bytes.indexOf('s');
})();

/**
 * Serializes values in one session, so that the later ones can refer to objects of the first.
 * @param {unknown[]} values
 * @param {Error[]} [errors] - those in the values whose cause travels beside them
 * @returns {Buffer}
 */
function serialize(values, errors = []) {
  const causes = misplacesCause ? errors.map(takeCause) : [];
  try {
    const serializer = new Serializer();
    for (const value of values) serializer.writeValue(value);
    return serializer.releaseBuffer();
  } finally {
    for (const putBack of causes) putBack();
  }
}

function takeCause(error) {
  const cause = Object.getOwnPropertyDescriptor(error, 'cause');
  if (cause === undefined || !Reflect.deleteProperty(error, 'cause')) return () => {};
  return () => Object.defineProperty(error, 'cause', cause);
}

module.exports = { serialize };
