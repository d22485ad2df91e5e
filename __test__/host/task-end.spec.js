'use strict';

// A call of a host function whose task ends before it is answered.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, test } = require('../support/test.js');
const { failure, nextEvent, rejection, script, withPool } = require('../support/pool.js');

/** Runs the body of an async function. */
const run = (pool, code, inputs, options) => pool.submitTask({ type: 'javascript', code, inputs }, options);

/** A host function that never returns, with promises for its call and for the end of its task. */
function hanging() {
  const told = {};
  told.called = new Promise((resolve) => {
    told.hang = (...args) => {
      const { signal } = args.at(-1);
      told.over = once(signal, 'abort');
      resolve(signal);
      return new Promise(() => {});
    };
  });
  return told;
}

describe('the end of a task', () => {
  test('aborts ctx.signal when the task is done', async (t) => {
    const { hang, called } = hanging();
    const pool = await withPool(t, { host: { hang, sync: () => 1 } });
    assert.equal(await run(pool, 'host.hang(); await host.sync(); return 1'), 1);
    const signal = await called;
    assert.ok(signal.aborted);
    assert.equal(signal.reason.name, 'AbortError');
  });

  const ends = {
    'runs out of time': { options: { timeout: 50 }, code: 'ERR_TASK_TIMEOUT' },
    'is aborted': { act: ({ controller }) => controller.abort(), code: 'ERR_TASK_ABORTED' },
    'is ended by shutdown(false)': { act: ({ pool }) => pool.shutdown(false), code: 'ERR_POOL_CLOSED' },
    throws: { body: 'host.hang(); await host.sync(); throw new Error("x")', code: 'ERR_TASK_FAILED' },
    'takes too much memory': {
      body: 'host.hang(); await host.sync(); return new Uint8Array(2 ** 30).length',
      code: 'ERR_MEMORY_LIMIT',
    },
    'loses its worker': {
      body: 'host.hang(); await host.sync(); const a = []; for (;;) a.push(new Array(1000).fill(a.length))',
      code: 'ERR_MEMORY_LIMIT',
    },
  };
  for (const [how, { body = 'return host.hang()', options, act, code }] of Object.entries(ends)) {
    test(`aborts ctx.signal when the task ${how}`, async (t) => {
      const told = hanging();
      const pool = await withPool(t, { workerMemoryLimitMB: 32, host: { hang: told.hang, sync: () => 1 } });
      const controller = new AbortController();
      const ended = failure(run(pool, body, undefined, { signal: controller.signal, ...options }), code);
      const signal = await told.called;
      const over = told.over;
      await Promise.all([act?.({ pool, controller }), ended]);
      await over;
      assert.ok(signal.aborted);
    });
  }

  test('aborts the signal of an attempt that is retried, and the next has its own', async (t) => {
    const signals = [];
    const host = {
      look: ({ attempt, signal }) => {
        signals.push([attempt, signal]);
        return signals.map(([, { aborted }]) => aborted);
      },
    };
    const pool = await withPool(t, { maxTaskRetries: 1, retryBackoffMs: 0, host });
    const code = 'const seen = await host.look(); if (seen.length === 1) throw new Error("again"); return seen';
    assert.deepEqual(await run(pool, code), [true, false]);
    assert.deepEqual(
      signals.map(([attempt]) => attempt),
      [1, 2],
    );
  });

  test('drops a call that never settles, and the worker runs the next task', async (t) => {
    const pool = await withPool(t, { host: { hang: () => new Promise(() => {}) } });
    for (let i = 0; i < 3; i++)
      await failure(run(pool, 'await host.hang()', undefined, { timeout: 20 }), 'ERR_TASK_TIMEOUT');
    assert.equal(await run(pool, 'host.hang(); host.hang(); return 7'), 7);
    assert.equal(await run(pool, 'return 8'), 8);
    assert.equal(pool.getPoolMetrics().pool.size, 1);
    assert.equal(pool.getPoolMetrics().performance.workersRestarted, 0);
  });

  test('drops a late answer, and the code that awaited it does not go on', async (t) => {
    let answer;
    const late = new Promise((resolve) => {
      answer = resolve;
    });
    const pool = await withPool(t, { host: { late: () => late, again: () => assert.fail('went on') } });
    const printed = [];
    pool.on('console', ({ text }) => printed.push(text));
    const body = 'host.late().finally(() => { console.log("late"); host.again() }); return 1';
    assert.equal(await run(pool, body), 1);
    answer('too late');
    for (let i = 0; i < 20; i++) assert.equal(await run(pool, 'return 2'), 2);
    assert.deepEqual(printed, []);
  });

  test('that is retried leaves no answer for the attempt after it', async (t) => {
    const answers = [];
    const host = {
      ask: ({ attempt }) =>
        new Promise((resolve) => {
          answers.push(() => resolve(attempt));
          if (attempt === 2) for (const answer of answers) answer();
        }),
    };
    const pool = await withPool(t, { maxTaskRetries: 1, retryBackoffMs: 0, host });
    assert.equal(await run(pool, 'return host.ask()', undefined, { timeout: 100 }), 2);
  });

  test('by a graceful shutdown() waits for calls in flight', async (t) => {
    let answer;
    const host = {
      ask: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    };
    const pool = await withPool(t, { host });
    const started = nextEvent(pool, 'task-started');
    const result = run(pool, 'return host.ask()');
    await started;
    const closing = pool.shutdown();
    while (answer === undefined) await new Promise(setImmediate);
    answer('in time');
    assert.equal(await result, 'in time');
    await closing;
  });

  test('by an abort rejects the calls that it still awaits', async (t) => {
    const workerScript = script(`export default {
      async work(_, { host, signal }) {
        try { await host.hang(); } catch (error) { console.log(error.name, error.code); }
      } };`);
    const told = hanging();
    const pool = await withPool(t, { workerScript, host: { hang: told.hang } });
    const line = nextEvent(pool, 'console');
    const controller = new AbortController();
    const ended = rejection(pool.submitTask({ type: 'work', signal: controller.signal }));
    await told.called;
    controller.abort();
    await ended;
    // Runs after it, and keeps this process alive.
    await run(pool, 'return 1');
    assert.equal((await line).text, 'AbortError ERR_HOST_CLOSED');
  });
});
