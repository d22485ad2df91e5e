'use strict';

// Pools for tests. They are closed when the test ends, and do not retry tasks unless the test asks for that.

const assert = require('node:assert/strict');
const { inspect } = require('node:util');
const { createWorkerPool, IsolaneError } = require('../..');

async function withPool(t, options) {
  const pool = await createWorkerPool({ poolSize: 1, maxTaskRetries: 0, ...options });
  t.after(() => pool.shutdown(false));
  return pool;
}

/** A worker script from source text. */
const script = (code, filename = 'handlers.mjs') => ({ code, filename });

/** Handlers that wait until their task's signal is aborted: `hold` ends then, `pending` never does. */
const HOLD = `
  hold: (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
  pending: () => new Promise(() => {}),
`;

/** The error that a promise rejects with. */
function rejection(promise) {
  return promise.then(
    (value) => assert.fail(`expected a rejection, got the value ${inspect(value)}`),
    (error) => error,
  );
}

/** The IsolaneError with this code that a promise rejects with. */
async function failure(promise, code) {
  const error = await rejection(promise);
  assert.ok(error instanceof IsolaneError, `expected ${code}, got ${inspect(error)}`);
  assert.equal(error.code, code, inspect(error));
  return error;
}

/** Keeps one worker busy with a `hold` task, from when this resolves until `release` is called. */
async function occupy(pool) {
  const controller = new AbortController();
  const started = nextEvent(pool, 'task-started');
  const ended = rejection(pool.submitTask({ type: 'hold', priority: 0, signal: controller.signal }));
  await started;
  return {
    async release() {
      controller.abort();
      await ended;
    },
  };
}

/** The details of the next event of this name for which `test` holds. */
function nextEvent(pool, name, test = () => true) {
  return new Promise((resolve) => {
    pool.on(name, function listener(details) {
      if (!test(details)) return;
      pool.off(name, listener);
      resolve(details);
    });
  });
}

/** Records events. @returns an array of [name, details] that grows */
function record(pool, ...names) {
  const seen = [];
  for (const name of names) pool.on(name, (details) => seen.push([name, details]));
  return seen;
}

/** Waits for the next turn of the event loop. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

module.exports = { failure, HOLD, nextEvent, nextTurn, occupy, record, rejection, script, withPool };
