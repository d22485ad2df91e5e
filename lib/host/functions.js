'use strict';

// The option `host`: the functions of this process that tasks may call. A task's isolate gets their names
// alone, and asks for them by their path.

const { invalid } = require('../errors.js');

const MAX_DEPTH = 8;
/** Of all names to a function, in bytes; src/isolate/calls.rs takes no longer target. */
const MAX_PATH = 1000;

/** Names that mean something else in JavaScript; whoever has a `then` is waited for by `await`. */
const REFUSED = new Set(['__proto__', 'constructor', 'prototype', 'then']);

/** What a path begins with where it is the target of a call. */
const PREFIX = 'host:';

/**
 * @typedef {Array<[name: string, inner: HostNames | null]>} HostNames - null is a function
 * @typedef {{ names: HostNames, functions: Map<string, (args: unknown[], ctx: object) => unknown> }} Host
 */

/**
 * Takes the tree apart. What is changed in it later has no effect.
 * @param {string} field
 * @param {unknown} value
 * @returns {Host}
 * @throws {IsolaneError} ERR_INVALID_ARG, with the path of what is wrong
 */
function readHost(field, value) {
  const functions = new Map();
  if (!isPlain(value)) throw invalid(field, value, 'a plain object of functions and of such objects');
  return { names: readLevel(value, field, '', 1, functions), functions };
}

function readLevel(object, field, path, depth, functions) {
  if (depth > MAX_DEPTH) throw invalid(field, object, `nested at most ${MAX_DEPTH} deep`);
  return Object.keys(object).map((name) => {
    const place = `${field}.${name}`;
    if (REFUSED.has(name)) throw invalid(place, object[name], `absent: the name '${name}' cannot be used`);
    if (name === '' || name.includes('.')) throw invalid(field, name, 'made of names without a dot');
    const inner = object[name];
    const target = path + name;
    if (isPlain(inner)) return [name, readLevel(inner, place, `${target}.`, depth + 1, functions)];
    if (typeof inner !== 'function') {
      throw invalid(place, inner, 'a function, or a plain object of functions and of such objects');
    }
    if (Buffer.byteLength(target) > MAX_PATH) throw invalid(field, name, `reached by a path of ${MAX_PATH} bytes`);
    functions.set(PREFIX + target, (args, ctx) => Reflect.apply(inner, object, withContext(inner, args, ctx)));
    return [name, null];
  });
}

/** The context stands last, and never before the place that the function has for it. */
function withContext({ length }, args, ctx) {
  while (args.length < length - 1) args.push(undefined);
  args.push(ctx);
  return args;
}

/** Also one of another realm, and a module's namespace. */
function isPlain(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

module.exports = { isPlain, readHost };
