'use strict';

// The outcomes that the catalogue of hostile pieces expects.

const { isDeepStrictEqual, inspect } = require('node:util');

/** @typedef {{ code?: string, value?: unknown, cause?: unknown, message?: RegExp }} Outcome */

/** It fulfils with this value; a function tells whether a value is right. */
const value = (expected) => ({ value: expected });

/**
 * It throws this cause: a pattern for `name: message` of an error, a function that tells whether a cause is right, or the
 * thrown value.
 */
const fails = (cause) => ({ code: 'ERR_TASK_FAILED', cause });

/** Its result cannot be cloned. */
const refused = (message) => ({ code: 'ERR_DATA_CLONE', message });

const timeout = { code: 'ERR_TASK_TIMEOUT' };
const memory = { code: 'ERR_MEMORY_LIMIT' };
const lost = { code: 'ERR_WORKER_LOST' };

const overflow = fails(/^RangeError: Maximum call stack size exceeded$/);

/** Whether a settled promise is this outcome. */
function matches(outcome, settled) {
  if (settled.status === 'fulfilled') return 'value' in outcome && fits(outcome.value, settled.value);
  const error = settled.reason;
  if (error?.name !== 'IsolaneError' || error.code !== outcome.code) return false;
  if (outcome.message !== undefined && !outcome.message.test(error.message)) return false;
  return !('cause' in outcome) || fits(outcome.cause, error.cause);
}

function fits(expected, actual) {
  if (typeof expected === 'function') return Boolean(expected(actual));
  if (expected instanceof RegExp) return actual instanceof Error && expected.test(`${actual.name}: ${actual.message}`);
  return isDeepStrictEqual(actual, expected);
}

function describeOutcome(outcome) {
  if ('value' in outcome) return `value ${brief(outcome.value)}`;
  const details = ['cause', 'message'].filter((name) => name in outcome && outcome[name] !== undefined);
  return [outcome.code, ...details.map((name) => `${name} ${brief(outcome[name])}`)].join(', ');
}

function describeSettled(settled) {
  if (settled.status === 'fulfilled') return `value ${brief(settled.value)}`;
  const { code, message, cause } = settled.reason ?? {};
  if (code === undefined) return brief(settled.reason);
  return `${code}: ${brief(message)}${cause === undefined ? '' : `, cause ${brief(cause)}`}`;
}

function brief(thing) {
  const text = typeof thing === 'function' ? String(thing) : inspect(thing, { depth: 2, maxStringLength: 200 });
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}

module.exports = { describeOutcome, describeSettled, fails, lost, matches, memory, overflow, refused, timeout, value };
