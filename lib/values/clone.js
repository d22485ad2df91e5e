'use strict';

// What structured clone leaves out, the same on both sides of the boundary: this file is loaded by
// Node and, wrapped as a module, by every isolate. It may use nothing that only one of them has, and
// it keeps its own hold of the built-ins, because a task may replace them.

const {
  Array: { isArray },
  ArrayBuffer: { isView },
  Error,
  Map,
  JSON: { stringify },
  Object: { defineProperty, getOwnPropertyDescriptor, getOwnPropertyNames, keys },
  Reflect: { deleteProperty },
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
    // V8 keeps a message that is no text as its text.
    this.message = readOr(error, 'message', undefined);
    this.stack = readOr(error, 'stack', '');
    this.own = [];
    for (const key of getOwnPropertyNames(error)) {
      if (key === 'stack' || key === 'message') continue;
      const property = getOwnPropertyDescriptor(error, key);
      const value = property !== undefined && 'value' in property ? property.value : read(error, key);
      // V8 turns the name into a string before it writes the error.
      if (key === 'name' && typeof value !== 'string') continue;
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
 * @returns {Array<[Error, string, string | undefined, string, Array<[string, unknown, boolean]>]>} for each
 *   error: itself, name, message, stack, and its own properties as [key, value, enumerable]
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
 * Takes the causes out of errors for the time of their serialization: they travel with the other
 * properties, and V8s of different age do not agree on their place in the format.
 * @param {ReturnType<typeof collectErrors>} found
 * @returns {() => void} puts them back
 */
function takeCauses(found) {
  const taken = [];
  for (let i = 0; i < found.length; i++) {
    const error = found[i][0];
    const cause = getOwnPropertyDescriptor(error, 'cause');
    if (cause !== undefined && deleteProperty(error, 'cause')) push(taken, [error, cause]);
  }
  return () => {
    for (let i = 0; i < taken.length; i++) defineProperty(taken[i][0], 'cause', taken[i][1]);
  };
}

/**
 * Makes something cloneable that says as much as can be said of a thrown value that is not.
 * @param {unknown} value
 * @param {(value: unknown) => boolean} cloneable
 * @returns {Error | string}
 */
function replicaOf(value, cloneable) {
  if (!isError(value)) return textOf(value);
  const traits = new ErrorTraits(value, cloneable);
  const replica = new Error(traits.message);
  restoreErrors([[replica, traits.name, traits.message, traits.stack, traits.own]]);
  return replica;
}

/** @returns {string} the value as text, whatever its own `toString` does */
function textOf(value) {
  try {
    return String(value);
  } catch {
    return toStringTag(value);
  }
}

/**
 * Gives cloned errors back what `collectErrors` found.
 * @param {ReturnType<typeof collectErrors>} found
 */
function restoreErrors(found) {
  for (let i = 0; i < found.length; i++) {
    const { 0: error, 1: name, 2: message, 3: stack, 4: own } = found[i];
    if (typeof message === 'string' && read(error, 'message') !== message) define(error, 'message', message, false);
    define(error, 'stack', stack, false);
    if (read(error, 'name') !== name) define(error, 'name', name, false);
    for (let j = 0; j < own.length; j++) define(error, own[j][0], own[j][1], own[j][2]);
  }
}

function define(object, key, value, enumerable) {
  defineProperty(object, key, { __proto__: null, value, enumerable, writable: true, configurable: true });
}

/** A message is for a person: nobody reads a longer path, and each step of it clones the rest. */
const MAX_STEPS = 32;

/**
 * Names the place of the first value that cannot be cloned, for a message.
 * @param {unknown} value - cannot be cloned
 * @param {string} root - what the path starts with, such as `payload`
 * @param {(value: unknown) => boolean} cloneable
 * @returns {string} for instance `payload.items[3].onDone`
 */
function pathOfUncloneable(value, root, cloneable) {
  let [current, path] = [value, root];
  for (let step = 0; step < MAX_STEPS; step++) {
    const culprit = culpritIn(current, cloneable);
    if (culprit === undefined) return path;
    path += culprit.step;
    if (culprit.throws) return path;
    current = culprit.value;
  }
  return `${path} (deeper)`;
}

/** The first part of a value that cannot be cloned; undefined where it is the value itself. */
function culpritIn(value, cloneable) {
  if (!isObject(value) || isError(value)) return undefined;
  let culprit;
  const look = (part, step) => {
    if (culprit === undefined && !cloneable(part)) culprit = { value: part, step };
  };
  try {
    if (isMap(value)) {
      let i = 0;
      mapForEach(value, (item, key) => {
        look(key, `.keys()[${i++}]`);
        look(item, `.get(${typeof key === 'string' ? stringify(key) : textOf(key)})`);
      });
    } else if (isSet(value)) {
      let i = 0;
      setForEach(value, (item) => look(item, `.values()[${i++}]`));
    } else {
      const inArray = isArray(value);
      const names = keys(value);
      for (let i = 0; i < names.length && culprit === undefined; i++) {
        const step = inArray ? `[${names[i]}]` : stepTo(names[i]);
        // A value that is read by a getter that throws has a place as well.
        culprit = { step, throws: true };
        const part = value[names[i]];
        culprit = undefined;
        look(part, step);
      }
    }
  } catch {
    return culprit;
  }
  return culprit;
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const stepTo = (key) => (test(IDENTIFIER, key) ? `.${key}` : `[${stringify(key)}]`);

module.exports = { collectErrors, pathOfUncloneable, replicaOf, restoreErrors, takeCauses, textOf };
