'use strict';

// Compares a value that crossed with the one that was sent. It must be what `structuredClone` makes, except that
//
// * an error keeps its name, its stack, and its own properties that can be cloned;
// * a `Buffer` becomes a `Uint8Array`, of its bytes alone where it is a part of a larger ArrayBuffer.

const assert = require('node:assert/strict');
const { isBoxedPrimitive } = require('node:util').types;

/** Asserts that the second value is the clone of the first, with the same references between its objects. */
function assertCloned(original, actual) {
  new Walk().walk(original, referenceTo(original), actual, 'value');
}

/** The structured clone of a value, without the causes of errors, which Node 20 does not clone correctly. */
function referenceTo(value) {
  const causes = [];
  const seen = new Set();
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next) || seen.has(next)) continue;
    seen.add(next);
    if (next instanceof Map) open.push(...[...next].flat());
    else if (next instanceof Set) open.push(...next);
    for (const key of Object.getOwnPropertyNames(next)) open.push(next[key]);
    const cause = next instanceof Error && Object.getOwnPropertyDescriptor(next, 'cause');
    if (!cause) continue;
    causes.push([next, cause]);
    delete next.cause;
  }
  try {
    return structuredClone(value);
  } finally {
    for (const [error, cause] of causes) Object.defineProperty(error, 'cause', cause);
  }
}

class Walk {
  #there = new Map();
  #back = new Map();

  /** `reference` is what `structuredClone` makes of `original`. */
  walk(original, reference, actual, path) {
    if (typeof original !== 'object' || original === null) {
      assert.ok(Object.is(original, actual), `${path}: ${String(original)} became ${String(actual)}`);
      return;
    }
    assert.equal(typeof actual, 'object', path);
    if (this.#there.has(original)) {
      assert.ok(this.#there.get(original) === actual, `${path}: a reference to one object became one to another`);
      return;
    }
    assert.ok(!this.#back.has(actual), `${path}: two objects became one`);
    assert.ok(original !== actual, `${path}: is no copy`);
    this.#there.set(original, actual);
    this.#back.set(actual, original);
    if (original instanceof Error) this.#error(original, reference, actual, path);
    else if (Buffer.isBuffer(original)) this.#buffer(original, reference, actual, path);
    else this.#object(original, reference, actual, path);
  }

  #object(original, reference, actual, path) {
    const prototype = Object.getPrototypeOf(reference);
    assert.ok(Object.getPrototypeOf(actual) === prototype, `${path}: another prototype`);
    assert.equal(tagOf(actual), tagOf(reference), path);
    if (ArrayBuffer.isView(original)) {
      for (const part of ['byteOffset', 'byteLength', 'length']) assert.equal(actual[part], original[part], path);
      this.walk(original.buffer, reference.buffer, actual.buffer, `${path}.buffer`);
      return;
    }
    if (original instanceof RegExp) {
      for (const part of ['source', 'flags', 'lastIndex']) assert.equal(actual[part], reference[part], path);
      return;
    }
    if (original instanceof ArrayBuffer) {
      for (const part of ['resizable', 'maxByteLength']) assert.equal(actual[part], original[part], path);
      assert.ok(Buffer.from(actual).equals(Buffer.from(original)), `${path}: other bytes`);
    }
    if (original instanceof Date || isBoxedPrimitive(original)) {
      assert.ok(Object.is(actual.valueOf(), original.valueOf()), `${path}: another value`);
    }
    if (original instanceof Map || original instanceof Set) this.#collection(original, reference, actual, path);
    const keys = Reflect.ownKeys(reference);
    assert.deepEqual(Reflect.ownKeys(actual), keys, path);
    for (const key of keys) {
      assert.deepEqual(flags(actual, key), flags(reference, key), `${path}.${key}`);
      this.walk(original[key], reference[key], actual[key], `${path}.${key}`);
    }
  }

  #collection(original, reference, actual, path) {
    const parts = (collection) => [...collection].flat(original instanceof Map ? 1 : 0);
    const [originals, references, actuals] = [original, reference, actual].map(parts);
    assert.equal(actuals.length, originals.length, path);
    originals.forEach((part, i) => {
      this.walk(part, references[i], actuals[i], `${path}[${i}]`);
    });
  }

  #buffer(original, reference, actual, path) {
    assert.ok(Object.getPrototypeOf(actual) === Uint8Array.prototype, `${path}: no Uint8Array`);
    assert.ok(Buffer.from(actual).equals(original), `${path}: other bytes`);
    if (original.length < original.buffer.byteLength) assert.equal(actual.buffer.byteLength, original.length, path);
    else this.walk(original.buffer, reference.buffer, actual.buffer, `${path}.buffer`);
  }

  #error(original, reference, actual, path) {
    assert.ok(Object.getPrototypeOf(actual) === Object.getPrototypeOf(reference), `${path}: another class`);
    assert.equal(tagOf(actual), '[object Error]', path);
    assert.equal(actual.name, original.name, path);
    assert.equal(actual.message, original.message, path);
    assert.equal(Object.hasOwn(actual, 'message'), Object.hasOwn(original, 'message'), path);
    assert.equal(actual.stack, typeof original.stack === 'string' ? original.stack : '', path);
    // The name of a class that is not built in becomes an own property of the error.
    const skip = new Set(['stack', 'message', Object.hasOwn(original, 'name') ? undefined : 'name']);
    const own = (error) => Object.getOwnPropertyNames(error).filter((key) => !skip.has(key));
    const kept = own(original).filter((key) => isCloneable(original[key]));
    assert.deepEqual(own(actual).sort(), kept.sort(), path);
    assert.deepEqual(Object.getOwnPropertySymbols(actual), [], path);
    for (const key of kept) {
      const { enumerable } = Object.getOwnPropertyDescriptor(original, key);
      assert.deepEqual(flags(actual, key), { enumerable, writable: true, configurable: true }, `${path}.${key}`);
      this.walk(original[key], referenceTo(original[key]), actual[key], `${path}.${key}`);
    }
  }
}

function isCloneable(value) {
  try {
    referenceTo(value);
    return true;
  } catch {
    return false;
  }
}

const tagOf = (value) => Object.prototype.toString.call(value);

function flags(object, key) {
  const { value, ...rest } = Object.getOwnPropertyDescriptor(object, key);
  return rest;
}

module.exports = { assertCloned };
