'use strict';

// How a hostile piece may end, in the words of the catalogue.

const { isDeepStrictEqual, inspect } = require('node:util');

/** @typedef {{ code?: string, value?: unknown, cause?: unknown, message?: RegExp }} Outcome */

/** It gives this value; a function says whether a value is right. */
const value = (expected) => ({ value: expected });

/**
 * It throws, and the cause is this: a pattern for `name: message` of an error, a function that says
 * whether a cause is right, or the thrown value itself.
 */
const fails = (cause) => ({ code: 'ERR_TASK_FAILED', cause });

/** Its result cannot cross. */
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
