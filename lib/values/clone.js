'use strict';

// What structured clone does not do: it keeps what errors lose, and names the part of a value that cannot be cloned.
//
// The file is loaded by Node, and as a module by every isolate, so it may use only what both have. It holds its own
// references to the built-ins, because a task may replace them.

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

/** What an error loses in a structured clone, and its message, which V8 converts to a string. */
class ErrorTraits {
  constructor(error, cloneable) {
    this.error = error;
    this.name = readOr(error, 'name', 'Error');
    this.message = readOr(error, 'message', undefined);
    this.stack = readOr(error, 'stack', '');
    this.own = [];
    for (const key of getOwnPropertyNames(error)) {
      if (key === 'stack' || key === 'message') continue;
      const property = getOwnPropertyDescriptor(error, key);
      const value = property !== undefined && 'value' in property ? property.value : read(error, key);
      // `name` has it as a string, as V8 writes it.
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
 * Finds all errors in a value.
 * @param {unknown} value
 * @param {(value: unknown) => boolean} cloneable - whether an own property of an error can be cloned
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
 * Removes the causes from errors while they are serialized. They cross with the other properties, because versions of
 * V8 differ in where they write a cause.
 * @param {ReturnType<typeof collectErrors>} found
 * @returns {() => void} puts the causes back
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
 * Makes a cloneable replica of a thrown value that cannot be cloned.
 * @param {unknown} value
 * @param {(value: unknown) => boolean} cloneable
 * @returns {Error | string} an error where the value is one, otherwise its text
 */
function replicaOf(value, cloneable) {
  if (!isError(value)) return textOf(value);
  const traits = new ErrorTraits(value, cloneable);
  const replica = new Error(traits.message);
  restoreErrors([[replica, traits.name, traits.message, traits.stack, traits.own]]);
  return replica;
}

/** Converts a value to a string. Never throws: where its own `toString` does, the string is its tag. */
function textOf(value) {
  try {
    return String(value);
  } catch {
    return toStringTag(value);
  }
}

/**
 * Restores in cloned errors what `collectErrors` found.
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

/** Nobody reads a longer path in a message, and each step clones the rest of the value. */
const MAX_STEPS = 32;

/**
 * Gives the path of the first part of a value that cannot be cloned, for a message.
 * @param {unknown} value - that cannot be cloned
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

/** Finds the first part that cannot be cloned. @returns undefined where it is the value itself */
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
        // Kept where the getter of the value throws.
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
