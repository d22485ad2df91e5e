'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, nextTurn, record, script, withPool } = require('../support/pool.js');

const RETRIES = { maxTaskRetries: 3, retryBackoffMs: 1 };
const FLAKY = script(`export default {
  flaky: (until, { attempt }) => { if (attempt < until) throw new Error('attempt ' + attempt); return attempt; },
  later: async (until, { attempt }) => { await null; if (attempt < until) throw new Error('attempt ' + attempt); return attempt; },
  slow: (until, { attempt }) => { while (attempt < until); return attempt; },
  bad: () => () => {},
};`);

test('a retry keeps the same promise, and ctx.attempt counts', async (t) => {
  const pool = await withPool(t, { ...RETRIES, workerScript: FLAKY });
  for (const type of ['flaky', 'later']) assert.equal(await pool.submitTask({ type, payload: 3 }), 3);
});

test('after the last attempt the task fails with the last error', async (t) => {
  const pool = await withPool(t, { ...RETRIES, workerScript: FLAKY });
  const error = await failure(pool.submitTask({ type: 'flaky', payload: 100 }), 'ERR_TASK_FAILED');
  assert.equal(error.attempts, 4);
  assert.equal(error.cause.message, 'attempt 4');
  assert.match(error.message, /4 attempts/);
});

test('maxRetries of the task wins over the pool, also when it is 0', async (t) => {
  const pool = await withPool(t, { ...RETRIES, workerScript: FLAKY });
  assert.equal(
    (await failure(pool.submitTask({ type: 'flaky', payload: 100, maxRetries: 0 }), 'ERR_TASK_FAILED')).attempts,
    1,
  );
  assert.equal(
    (await failure(pool.submitTask({ type: 'flaky', payload: 100, maxRetries: 5 }), 'ERR_TASK_FAILED')).attempts,
    6,
  );
});

test('a timeout is retried, and each attempt has the whole time', async (t) => {
  const pool = await withPool(t, { ...RETRIES, workerScript: FLAKY });
  assert.equal(await pool.submitTask({ type: 'slow', payload: 3, timeout: 50 }), 3);
  assert.equal(
    (await failure(pool.submitTask({ type: 'slow', payload: 100, timeout: 10 }), 'ERR_TASK_TIMEOUT')).attempts,
    4,
  );
});

test('a memory limit is retried in a new isolate', async (t) => {
  const pool = await withPool(t, {
    ...RETRIES,
    workerMemoryLimitMB: 32,
    workerScript: script(
      'export default { hog(_, { attempt }) { const all = []; while (attempt < 2) all.push({}); return attempt; } }',
    ),
  });
  assert.equal(await pool.submitTask({ type: 'hog' }), 2);
});

for (const [name, code, task, options] of [
  ['a syntax error', 'ERR_TASK_FAILED', { type: 'javascript', code: '(' }],
  ['a type without a handler', 'ERR_NO_HANDLER', { type: 'none' }],
  ['a result that cannot be cloned', 'ERR_DATA_CLONE', { type: 'bad' }],
]) {
  test(`${name} is never retried`, async (t) => {
    const pool = await withPool(t, { ...RETRIES, workerScript: FLAKY, ...options });
    const seen = record(pool, 'task-retried');
    const error = await failure(pool.submitTask(task), code);
    await nextTurn();
    assert.equal(error.attempts, 1);
    assert.deepEqual(seen, []);
    assert.equal(pool.getPoolMetrics().tasks.retried, 0);
  });
}

test('the backoff doubles from attempt to attempt up to its limit', async (t) => {
  const pool = await withPool(t, { maxTaskRetries: 5, retryBackoffMs: 2, maxBackoffMs: 10 });
  const seen = record(pool, 'task-failed', 'task-retried');
  await failure(
    pool.submitTask({ type: 'javascript', code: 'throw 1', id: 'it', metadata: { a: 1 } }),
    'ERR_TASK_FAILED',
  );
  await nextTurn();
  const retried = seen.filter(([name]) => name === 'task-retried').map(([, details]) => details);
  assert.deepEqual(
    retried.map(({ delayMs }) => delayMs),
    [2, 4, 8, 10, 10],
  );
  assert.deepEqual(
    retried.map(({ attempt }) => attempt),
    [2, 3, 4, 5, 6],
  );
  assert.ok(
    retried.every(({ taskId, type, metadata }) => taskId === 'it' && type === 'javascript' && metadata.a === 1),
  );
  const failed = seen.filter(([name]) => name === 'task-failed').map(([, { retried }]) => retried);
  assert.deepEqual(failed, [true, true, true, true, true, false]);
});

test('a task that waits for its retry lets others run', async (t) => {
  const pool = await withPool(t, { workerScript: FLAKY });
  const ends = [];
  const retried = pool
    .submitTask({ type: 'flaky', payload: 2, maxRetries: 1, retryBackoffMs: 60 })
    .then(() => ends.push('retried'));
  const other = pool.submitTask({ type: 'flaky', payload: 1 }).then(() => ends.push('other'));
  await Promise.all([retried, other]);
  assert.deepEqual(ends, ['other', 'retried']);
});

test('jitter only shortens the delay', async (t) => {
  const pool = await withPool(t, { maxTaskRetries: 8, retryBackoffMs: 8, maxBackoffMs: 8, retryJitter: 1 });
  const seen = record(pool, 'task-retried');
  await failure(pool.submitTask({ type: 'javascript', code: 'throw 1' }), 'ERR_TASK_FAILED');
  const delays = seen.map(([, { delayMs }]) => delayMs);
  assert.equal(delays.length, 8);
  assert.ok(
    delays.every((delay) => delay >= 0 && delay <= 8),
    String(delays),
  );
  assert.ok(new Set(delays).size > 1, String(delays));
});
