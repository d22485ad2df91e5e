'use strict';

// What a value may be. Each check takes the field as the user wrote it and the value, and gives the
// value back or throws ERR_INVALID_ARG with field, value and what is allowed.

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

/** Milliseconds; Infinity is "no limit" where `min` is more than nothing. */
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

function object(field, value) {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid(field, value, 'an object');
}

function signal(field, value) {
  if (value instanceof AbortSignal) return value;
  throw invalid(field, value, 'an AbortSignal');
}

/** @param {string} field @param {object} value @param {Iterable<string>} known */
function noOthers(field, value, known) {
  const names = new Set(known);
  for (const name of Object.keys(value)) {
    if (names.has(name)) continue;
    throw invalid(field, name, `made of known names (${[...names].sort().join(', ')})`);
  }
}

/** An option that has options of its own. */
function group(field, value, checks, defaults) {
  noOthers(field, value, Object.keys(checks));
  const given = {};
  for (const [name, test] of Object.entries(checks)) {
    if (value[name] !== undefined) given[name] = test(`${field}.${name}`, value[name]);
  }
  return { ...defaults, ...given };
}

/** A module as the user gives it: for a worker script, say. */
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

/** Whether a URL is that of a file here. */
function isPath(url) {
  try {
    return fileURLToPath(url).length > 0;
  } catch {
    return false;
  }
}

module.exports = { boolean, duration, group, integer, noOthers, number, object, oneOf, script, signal, text };
