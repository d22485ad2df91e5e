'use strict';

// Checks of the types and ranges of values. Each takes the name of the field, for messages, and the value. It returns
// the value, or throws ERR_INVALID_ARG with the field, the value and what is allowed.

const { fileURLToPath } = require('node:url');
const { invalid } = require('../errors.js');

function integer(min, max = Number.MAX_SAFE_INTEGER) {
  const allowed =
    max === Number.MAX_SAFE_INTEGER ? `an integer of at least ${min}` : `an integer from ${min} to ${max}`;
  return (field, value) => {
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw invalid(field, value, allowed);
  };
}

function number(min, max, unit) {
  const bounds = max === Infinity ? `of at least ${min}` : `from ${min} to ${max}`;
  const allowed = `a number ${bounds}${unit ? ` (${unit})` : ''}`;
  return (field, value) => {
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw invalid(field, value, allowed);
  };
}

/** Milliseconds. Infinity passes, and means no limit. */
const duration = (min) => number(min, Infinity, 'milliseconds');

function oneOf(...values) {
  const allowed = `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  return (field, value) => {
    if (values.includes(value)) return value;
    throw invalid(field, value, allowed);
  };
}

function boolean(field, value) {
  if (typeof value === 'boolean') return value;
  throw invalid(field, value, 'a boolean');
}

function text(field, value) {
  if (typeof value === 'string' && value.length > 0) return value;
  throw invalid(field, value, 'a non-empty string');
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function object(field, value) {
  if (isObject(value)) return value;
  throw invalid(field, value, 'an object');
}

function signal(field, value) {
  if (value instanceof AbortSignal) return value;
  throw invalid(field, value, 'an AbortSignal');
}

/**
 * Checks that an object has no unknown properties.
 * @param {string} field
 * @param {object} value
 * @param {Iterable<string>} known
 * @throws {IsolaneError} ERR_INVALID_ARG
 */
function noOthers(field, value, known) {
  const names = new Set(known);
  for (const name of Object.keys(value)) {
    if (names.has(name)) continue;
    throw invalid(field, name, `made of known names (${[...names].sort().join(', ')})`);
  }
}

/**
 * Checks an option that has options of its own.
 * @param {string} field
 * @param {object} value
 * @param {Record<string, (field: string, value: unknown) => unknown>} checks - of each inner option
 * @param {object} defaults
 * @returns {object} the inner options, completed
 * @throws {IsolaneError} ERR_INVALID_ARG
 */
function group(field, value, checks, defaults) {
  noOthers(field, value, Object.keys(checks));
  const given = {};
  for (const [name, test] of Object.entries(checks)) {
    if (value[name] !== undefined) given[name] = test(`${field}.${name}`, value[name]);
  }
  return { ...defaults, ...given };
}

/** A module, such as the worker script: a path, a file: URL, or an object with source text. */
function script(field, value) {
  const refuse = (shown) => {
    throw invalid(field, shown, 'a path, a file: URL or { code, filename }');
  };
  if (typeof value === 'string' && value.startsWith('file:') && !isPath(value)) refuse(value);
  if (typeof value === 'string' && value.length > 0) return value;
  if (value instanceof URL) {
    return isPath(value) ? value : refuse(value.href);
  }
  if (typeof value === 'object' && value !== null) {
    noOthers(field, value, ['code', 'filename']);
    if (typeof value.code !== 'string') throw invalid(`${field}.code`, value.code, 'a string');
    if (value.filename !== undefined) {
      const filename = text(`${field}.filename`, value.filename);
      if (filename.startsWith('file:') && !isPath(filename)) {
        throw invalid(`${field}.filename`, filename, 'a path or a file: URL');
      }
    }
    return value;
  }
  return refuse(value);
}

/** Whether a URL names a file by a path: one with a host does not, except on Windows. */
function isPath(url) {
  try {
    return fileURLToPath(url).length > 0;
  } catch {
    return false;
  }
}

module.exports = { boolean, duration, group, integer, isObject, noOthers, number, object, oneOf, script, signal, text };
