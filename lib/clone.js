'use strict';

// What structured clone leaves out, the same on both sides of the boundary: this file is loaded by
// Node and, wrapped as a module, by every isolate. It may use nothing that only one of them has, and
// it keeps its own hold of the built-ins, because a task may replace them.

const {
  Array: { isArray },
  ArrayBuffer: { isView },
  Error,
  Map,
  Object: { defineProperty, getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, keys },
  Set,
  String,
  WeakSet,
} = globalThis;

const uncurry = (fn) => Function.prototype.call.bind(fn);
const mapForEach = uncurry(Map.prototype.forEach);
const setForEach = uncurry(Set.prototype.forEach);
const isPrototypeOf = uncurry(Object.prototype.isPrototypeOf);
const toStringTag = uncurry(Object.prototype.toString);
const push = uncurry(Array.prototype.push);
const pop = uncurry(Array.prototype.pop);
const weakAdd = uncurry(WeakSet.prototype.add);
const weakHas = uncurry(WeakSet.prototype.has);
const test = uncurry(RegExp.prototype.test);
const [mapPrototype, setPrototype, errorPrototype] = [Map.prototype, Set.prototype, Error.prototype];

const isMap = (value) => isPrototypeOf(mapPrototype, value);
const isSet = (value) => isPrototypeOf(setPrototype, value);
const isError = (value) => isPrototypeOf(errorPrototype, value);
const isObject = (value) => typeof value === 'object' && value !== null;

/** What an error loses in a structured clone, beside its message. */
class ErrorTraits {
  constructor(error, cloneable) {
    this.error = error;
    this.name = readOr(error, 'name', 'Error');
    this.message = readOr(error, 'message', '');
    this.stack = readOr(error, 'stack', '');
    this.own = [];
    for (const key of getOwnPropertyNames(error)) {
      if (key === 'stack' || key === 'message') continue;
      const property = getOwnPropertyDescriptor(error, key);
      const value = property !== undefined && 'value' in property ? property.value : read(error, key);
      if (cloneable(value)) push(this.own, [key, value, property?.enumerable === true]);
    }
  }
}

function read(object, key) {
  try {
    return object[key];
  } catch {
    return undefined;
  }
}

function readOr(object, key, fallback) {
  const value = read(object, key);
  return typeof value === 'string' ? value : fallback;
}

/**
 * Finds every error that can be reached from `value`.
 * @param {unknown} value
 * @param {(value: unknown) => boolean} cloneable - says whether an own property of an error can cross
 * @returns {Array<[Error, string, string, string, Array<[string, unknown, boolean]>]>} for each error:
 *   itself, name, message, stack, and its own properties as [key, value, enumerable]
 */
function collectErrors(value, cloneable) {
  const found = [];
  const seen = new WeakSet();
  const open = [value];
  while (open.length > 0) {
    const next = pop(open);
    if (!isObject(next) || isView(next) || weakHas(seen, next)) continue;
    weakAdd(seen, next);
    if (isError(next)) {
      const traits = new ErrorTraits(next, cloneable);
      push(found, [next, traits.name, traits.message, traits.stack, traits.own]);
      for (let i = 0; i < traits.own.length; i++) push(open, traits.own[i][1]);
    } else if (isMap(next)) {
      mapForEach(next, (item, key) => {
        push(open, key);
        push(open, item);
      });
    } else if (isSet(next)) {
      setForEach(next, (item) => push(open, item));
    } else {
      const names = keys(next);
      for (let i = 0; i < names.length; i++) push(open, read(next, names[i]));
    }
  }
  return found;
}

/**
 * Gives cloned errors back what `collectErrors` found.
 * @param {ReturnType<typeof collectErrors>} found
 */
function restoreErrors(found) {
  for (let i = 0; i < found.length; i++) {
    const { 0: error, 1: name, 2: message, 3: stack, 4: own } = found[i];
    define(error, 'message', message, false);
    define(error, 'stack', stack, false);
    if (read(error, 'name') !== name) define(error, 'name', name, false);
    for (let j = 0; j < own.length; j++) define(error, own[j][0], own[j][1], own[j][2]);
  }
}

function define(object, key, value, enumerable) {
  defineProperty(object, key, { __proto__: null, value, enumerable, writable: true, configurable: true });
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const step = (key) => (test(IDENTIFIER, key) ? `.${key}` : `[${JSON.stringify(key)}]`);

/**
 * Names the place of the first value that cannot be cloned, for a message.
 * @param {unknown} value
 * @param {string} root - what the path starts with, such as `payload`
 * @param {(value: unknown) => boolean} cloneable
 * @returns {string} for instance `payload.items[3].onDone`
 */
function pathOfUncloneable(value, root, cloneable) {
  const seen = new WeakSet();
  const open = [[value, root]];
  while (open.length > 0) {
    const { 0: next, 1: path } = pop(open);
    if (!isObject(next)) {
      if (!cloneable(next)) return path;
      continue;
    }
    if (weakHas(seen, next)) continue;
    weakAdd(seen, next);
    const children = childrenOf(next, path);
    if (children === null) {
      if (!cloneable(next)) return path;
      continue;
    }
    for (let i = children.length - 1; i >= 0; i--) push(open, children[i]);
  }
  return root;
}

/** The parts of a container with their paths; null for what is cloned as a whole. */
function childrenOf(value, path) {
  const children = [];
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) push(children, [read(value, i), `${path}[${i}]`]);
  } else if (isMap(value)) {
    let i = 0;
    mapForEach(value, (item, key) => {
      const at = typeof key === 'string' ? JSON.stringify(key) : isObject(key) ? `key ${i}` : String(key);
      push(children, [key, `${path}.keys()[${i}]`], [item, `${path}.get(${at})`]);
      i++;
    });
  } else if (isSet(value)) {
    let i = 0;
    setForEach(value, (item) => push(children, [item, `${path}.values()[${i++}]`]));
  } else if (isError(value)) {
    return null;
  } else if (toStringTag(value) === '[object Object]' && isPlain(value)) {
    for (const key of keys(value)) push(children, [read(value, key), path + step(key)]);
  } else {
    return null;
  }
  return children;
}

/** Instances of classes are cloned by their own properties as plain objects are. */
function isPlain(value) {
  try {
    return getPrototypeOf(value) === null || typeof value.then !== 'function';
  } catch {
    return false;
  }
}

module.exports = { collectErrors, pathOfUncloneable, restoreErrors };
