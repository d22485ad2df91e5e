// The built-ins of a realm under names that no task can replace: `ArrayPrototypePush(list, item)` and so on, with the
// names of Node and Deno, because Deno's modules import them. Evaluated before any other code.

import { enqueueMicrotask } from 'ext:core/ops';

/**
 * Creates the primordials with these names. Every realm has its own, so it creates no others.
 * @param {string[]} names
 */
export function primordialsOf(names) {
  const { apply, bind, call } = Function.prototype;
  const { defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
  const uncurryThis = bind.bind(call);
  const applyBind = bind.bind(apply);

  /** Variadic methods, which also get a form that takes their arguments as an array. */
  const VARIADIC = new Set([
    'ArrayOf',
    'ArrayPrototypePush',
    'ArrayPrototypeUnshift',
    'MathHypot',
    'MathMax',
    'MathMin',
    'StringPrototypeConcat',
    'TypedArrayOf',
  ]);

  let primordials = { __proto__: null, uncurryThis, applyBind };

  const capitalize = (text) => text[0].toUpperCase() + text.slice(1);
  /** `Symbol.iterator` becomes `SymbolIterator`. */
  const nameOf = (key) =>
    typeof key === 'symbol' ? `Symbol${capitalize(key.description.slice('Symbol.'.length))}` : capitalize(key);

  /** Copies the own properties of an object. `toValue` converts the functions among them. */
  function copy(source, prefix, toValue) {
    for (const key of ownKeys(source)) {
      const name = nameOf(key);
      const { get, set, value } = getOwnPropertyDescriptor(source, key);
      if (get !== undefined) primordials[`${prefix}Get${name}`] = uncurryThis(get);
      if (set !== undefined) primordials[`${prefix}Set${name}`] = uncurryThis(set);
      if (get !== undefined || set !== undefined) continue;
      const isFunction = typeof value === 'function';
      primordials[prefix + name] = isFunction ? toValue(value) : value;
      if (VARIADIC.has(prefix + name)) {
        const receiver = toValue === uncurryThis ? [] : [source];
        primordials[`${prefix}${name}Apply`] = applyBind(value, ...receiver);
      }
    }
  }

  const identity = (value) => value;

  for (const name of ['JSON', 'Math', 'Proxy', 'Reflect']) copy(globalThis[name], name, identity);
  for (const name of ['JSON', 'Math', 'Proxy', 'Reflect', 'globalThis', 'isNaN']) primordials[name] = globalThis[name];
  for (const name of ['decodeURI', 'decodeURIComponent', 'encodeURI', 'encodeURIComponent']) {
    primordials[name] = globalThis[name];
  }

  for (const name of [
    'AggregateError',
    'Array',
    'ArrayBuffer',
    'BigInt',
    'BigInt64Array',
    'BigUint64Array',
    'Boolean',
    'DataView',
    'Date',
    'Error',
    'EvalError',
    'FinalizationRegistry',
    'Float32Array',
    'Float64Array',
    'Function',
    'Int16Array',
    'Int32Array',
    'Int8Array',
    'Map',
    'Number',
    'Object',
    'RangeError',
    'ReferenceError',
    'RegExp',
    'Set',
    'String',
    'Symbol',
    'SyntaxError',
    'TypeError',
    'URIError',
    'Uint16Array',
    'Uint32Array',
    'Uint8Array',
    'Uint8ClampedArray',
    'WeakMap',
    'WeakRef',
    'WeakSet',
  ]) {
    const original = globalThis[name];
    primordials[name] = original;
    copy(original, name, identity);
    copy(original.prototype, `${name}Prototype`, uncurryThis);
  }

  // The static methods of Promise need it as their receiver.
  primordials.Promise = Promise;
  copy(Promise, 'Promise', (method) => method.bind(Promise));
  copy(Promise.prototype, 'PromisePrototype', uncurryThis);

  const prototypeOf = Reflect.getPrototypeOf;
  for (const [name, original] of Object.entries({
    TypedArray: prototypeOf(Uint8Array),
    ArrayIterator: { prototype: prototypeOf([][Symbol.iterator]()) },
    SetIterator: { prototype: prototypeOf(new Set()[Symbol.iterator]()) },
    MapIterator: { prototype: prototypeOf(new Map()[Symbol.iterator]()) },
    StringIterator: { prototype: prototypeOf(''[Symbol.iterator]()) },
    Generator: prototypeOf(function* () {}),
    AsyncGenerator: prototypeOf(async function* () {}),
  })) {
    primordials[name] = original;
    copy(original, name, uncurryThis);
    copy(original.prototype, `${name}Prototype`, uncurryThis);
  }

  const { ArrayPrototypeJoin, ArrayPrototypeMap, TypedArrayPrototypeJoin } = primordials;
  const { ObjectPrototypeIsPrototypeOf, PromisePrototype, PromisePrototypeThen } = primordials;
  primordials.ArrayPrototypeToString = (list) => ArrayPrototypeJoin(list);
  primordials.TypedArrayPrototypeToString = (list) => TypedArrayPrototypeJoin(list);
  primordials.PromisePrototypeCatch = (promise, onRejected) => PromisePrototypeThen(promise, undefined, onRejected);
  primordials.indirectEval = globalThis.eval;
  primordials.queueMicrotask = enqueueMicrotask;

  // Safe collections and iterators: their classes own their methods, and inherit from nothing that a task can change.

  const { freeze, setPrototypeOf } = Object;
  const { iterator } = Symbol;

  /** Creates a class of iterators whose `next` was looked up before tasks could replace it. */
  function safeIterator(create, next) {
    class SafeIterator {
      constructor(iterable) {
        this._iterator = create(iterable);
      }
      next() {
        return next(this._iterator);
      }
      [iterator]() {
        return this;
      }
    }
    setPrototypeOf(SafeIterator.prototype, null);
    freeze(SafeIterator.prototype);
    return freeze(SafeIterator);
  }

  for (const name of ['Array', 'Set', 'Map', 'String']) {
    primordials[`Safe${name}Iterator`] = safeIterator(
      primordials[`${name}PrototypeSymbolIterator`],
      primordials[`${name}IteratorPrototypeNext`],
    );
  }
  const { SafeArrayIterator, SafeMapIterator, SafeSetIterator } = primordials;

  function copyMissing(source, target) {
    for (const key of ownKeys(source)) {
      if (getOwnPropertyDescriptor(target, key) === undefined) {
        defineProperty(target, key, getOwnPropertyDescriptor(source, key));
      }
    }
  }

  /** Copies all methods of a class to a subclass, and removes the prototype chain that tasks can change. */
  function makeSafe(unsafe, safe) {
    const SafeIterator = { Map: SafeMapIterator, Set: SafeSetIterator }[unsafe.name];
    if (SafeIterator !== undefined) {
      const { next } = prototypeOf(new unsafe()[iterator]());
      for (const key of ['entries', 'keys', 'values', iterator]) {
        const create = uncurryThis(unsafe.prototype[key]);
        const Iterator = safeIterator(create, uncurryThis(next));
        const value = function () {
          return new Iterator(this);
        };
        defineProperty(safe.prototype, key, { __proto__: null, value, writable: true, configurable: true });
      }
    }
    copyMissing(unsafe.prototype, safe.prototype);
    copyMissing(unsafe, safe);
    setPrototypeOf(safe.prototype, null);
    freeze(safe.prototype);
    return freeze(safe);
  }
  primordials.makeSafe = makeSafe;

  /** Makes a subclass whose constructor iterates over its items with a safe iterator. */
  const withSafeItems = (Base) =>
    class extends Base {
      constructor(items) {
        if (items === undefined || items === null) super();
        else super(new SafeArrayIterator(items));
      }
    };
  for (const name of ['Map', 'Set', 'WeakMap', 'WeakSet']) {
    primordials[`Safe${name}`] = makeSafe(globalThis[name], withSafeItems(globalThis[name]));
  }
  for (const name of ['FinalizationRegistry', 'RegExp', 'WeakRef']) {
    primordials[`Safe${name}`] = makeSafe(globalThis[name], class extends globalThis[name] {});
  }

  const SafePromise = makeSafe(Promise, class extends Promise {});
  const toSafePromise = (value) =>
    ObjectPrototypeIsPrototypeOf(PromisePrototype, value)
      ? new SafePromise((resolve, reject) => PromisePrototypeThen(value, resolve, reject))
      : value;
  // Wrapped in an ordinary promise, so that no task sees a SafePromise.
  primordials.SafePromiseAll = (values) =>
    new Promise((resolve, reject) =>
      SafePromise.all(new SafeArrayIterator(ArrayPrototypeMap(values, toSafePromise))).then(resolve, reject),
    );
  primordials.SafePromisePrototypeFinally = (promise, onFinally) =>
    new Promise((resolve, reject) => toSafePromise(promise).finally(onFinally).then(resolve, reject));

  const selected = { __proto__: null };
  for (const name of names) selected[name] = primordials[name];
  // The functions above would otherwise keep the unused ones alive.
  primordials = undefined;
  return freeze(selected);
}
