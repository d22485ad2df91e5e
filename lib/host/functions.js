'use strict';

// The option `host`: a tree of functions of this process that tasks may call. Isolates get the names alone, and call a
// function by its path.

const { invalid } = require('../errors.js');

const MAX_DEPTH = 8;
/** Longest path of a function, in bytes. src/isolate/host/calls.rs takes no longer target. */
const MAX_PATH = 1000;

/** Names with a meaning in JavaScript: an object with a `then`, for instance, is awaited as a promise. */
const REFUSED = new Set(['__proto__', 'constructor', 'prototype', 'then']);

/** Begins the target of a call; the path of the function follows. */
const PREFIX = 'host:';

/**
 * @typedef {Array<[name: string, inner: HostNames | null]>} HostNames - null for a function
 * @typedef {{ names: HostNames, functions: Map<string, (args: unknown[], ctx: object) => unknown> }} Host
 */

/**
 * Reads the tree. Later changes in it have no effect.
 * @param {string} field
 * @param {unknown} value
 * @returns {Host}
 * @throws {IsolaneError} ERR_INVALID_ARG with the path of what is wrong
 */
function readHost(field, value) {
  const functions = new Map();
  if (!isPlain(value)) throw invalid(field, value, 'a plain object of functions and of such objects');
  return { names: readLevel(value, field, '', 1, functions), functions };
}

function readLevel(object, field, path, depth, functions) {
  if (depth > MAX_DEPTH) throw invalid(field, object, `nested at most ${MAX_DEPTH} deep`);
  return Object.keys(object).map((name) => {
    const innerField = `${field}.${name}`;
    if (REFUSED.has(name)) throw invalid(innerField, object[name], `absent: the name '${name}' cannot be used`);
    if (name === '' || name.includes('.')) throw invalid(field, name, 'made of names without a dot');
    const inner = object[name];
    const target = path + name;
    if (isPlain(inner)) return [name, readLevel(inner, innerField, `${target}.`, depth + 1, functions)];
    if (typeof inner !== 'function') {
      throw invalid(innerField, inner, 'a function, or a plain object of functions and of such objects');
    }
    if (Buffer.byteLength(target) > MAX_PATH) throw invalid(field, name, `reached by a path of ${MAX_PATH} bytes`);
    functions.set(PREFIX + target, (args, ctx) => Reflect.apply(inner, object, withContext(inner, args, ctx)));
    return [name, null];
  });
}

/** Appends the context, at the position of the function's last declared parameter at least. */
function withContext({ length }, args, ctx) {
  while (args.length < length - 1) args.push(undefined);
  args.push(ctx);
  return args;
}

/** Tells whether a value is a plain object, of this realm or another, or a module namespace. */
function isPlain(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

module.exports = { isPlain, readHost };
