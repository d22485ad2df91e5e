'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, HOLD, nextEvent, nextTurn, occupy, record, script, withPool } = require('../support/pool.js');

const HANDLERS = script(`
  let runs = 0;
  export default { ${HOLD} run: (value) => (runs++, value), runs: () => runs, loop() { for (;;); } };
`);

test('a task whose signal is aborted already rejects at once and never runs', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const reason = new Error('changed my mind');
  const error = await failure(
    pool.submitTask({ type: 'run', signal: AbortSignal.abort(reason), id: 'it' }),
    'ERR_TASK_ABORTED',
  );
  assert.equal(error.cause, reason);
  assert.equal(error.taskId, 'it');
  assert.equal(await pool.submitTask({ type: 'runs', id: 'it' }), 0);
});

test('an abort in the turn of the submission keeps the task from running', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const busy = await occupy(pool);
  const controller = new AbortController();
  const task = failure(pool.submitTask({ type: 'run', signal: controller.signal }), 'ERR_TASK_ABORTED');
  controller.abort('why');
  assert.equal((await task).cause, 'why');
  await busy.release();
  assert.equal(await pool.submitTask({ type: 'runs' }), 0);
});

test('a waiting, a delayed and a retried task leave the queue', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const retried = nextEvent(pool, 'task-retried');
  const controller = new AbortController();
  const { signal } = controller;
  const third = failure(
    pool.submitTask({ type: 'javascript', code: 'throw 1', maxRetries: 5, retryBackoffMs: 1e6, signal }),
    'ERR_TASK_ABORTED',
  );
  await retried;
  const busy = await occupy(pool);
  const first = failure(pool.submitTask({ type: 'run', signal }), 'ERR_TASK_ABORTED');
  const second = failure(pool.submitTask({ type: 'run', signal, delay: 1e6 }), 'ERR_TASK_ABORTED');
  await nextTurn();
  controller.abort();
  assert.deepEqual(
    (await Promise.all([first, second, third])).map(({ attempts }) => attempts),
    [0, 0, 1],
  );
  assert.equal(pool.getPoolMetrics().queue.queueDepth, 0);
  await busy.release();
});

for (const type of ['hold', 'pending', 'loop']) {
  test(`a running task (${type}) rejects at once with the reason as cause, and the isolate lives on`, async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    await pool.submitTask({ type: 'run' });
    const controller = new AbortController();
    const started = nextEvent(pool, 'task-started');
    const task = failure(pool.submitTask({ type, signal: controller.signal }), 'ERR_TASK_ABORTED');
    await started;
    const reason = { any: 'value' };
    controller.abort(reason);
    const error = await task;
    assert.equal(error.cause, reason);
    assert.equal(error.attempts, 1);
    assert.equal(await pool.submitTask({ type: 'runs' }), 1);
    assert.equal(pool.getWorkerStatus(0).generation, 1);
  });
}

test('reasons of every kind are the cause', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  for (const reason of ['text', 0, null, false, Symbol('s'), () => {}]) {
    const controller = new AbortController();
    const task = failure(pool.submitTask({ type: 'run', delay: 1e6, signal: controller.signal }), 'ERR_TASK_ABORTED');
    controller.abort(reason);
    assert.equal((await task).cause, reason);
  }
  const controller = new AbortController();
  const task = failure(pool.submitTask({ type: 'run', delay: 1e6, signal: controller.signal }), 'ERR_TASK_ABORTED');
  controller.abort();
  assert.equal((await task).cause.name, 'AbortError');
});

test('AbortSignal.timeout() ends a task', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const error = await failure(pool.submitTask({ type: 'loop', signal: AbortSignal.timeout(30) }), 'ERR_TASK_ABORTED');
  assert.equal(error.cause.name, 'TimeoutError');
});

test('an abort after the end of a task has no effect', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const controller = new AbortController();
  assert.equal(await pool.submitTask({ type: 'run', payload: 1, signal: controller.signal }), 1);
  controller.abort();
  await nextTurn();
  assert.equal(await pool.submitTask({ type: 'run', payload: 2 }), 2);
  assert.equal(pool.getPoolMetrics().tasks.aborted, 0);
});

test('the error of a failed task does not have the reason of its signal as cause', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const controller = new AbortController();
  pool.on('task-failed', () => {});
  const task = failure(
    pool.submitTask({ type: 'javascript', code: 'throw undefined', signal: controller.signal }),
    'ERR_TASK_FAILED',
  );
  // The task fails while this thread is busy, so the abort comes too late.
  const until = Date.now() + 100;
  await nextTurn();
  while (Date.now() < until);
  controller.abort('too late');
  assert.equal((await task).cause, undefined);
});

test('one signal aborts many tasks, and leaves no listener behind', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, maxQueue: 1000 });
  const warnings = [];
  const listener = (warning) => warnings.push(warning.message);
  process.on('warning', listener);
  t.after(() => process.off('warning', listener));
  const controller = new AbortController();
  const { signal } = controller;
  await Promise.all(Array.from({ length: 100 }, () => pool.submitTask({ type: 'run', signal })));
  const busy = await occupy(pool);
  const tasks = Array.from({ length: 100 }, () =>
    failure(pool.submitTask({ type: 'run', signal }), 'ERR_TASK_ABORTED'),
  );
  controller.abort();
  await Promise.all(tasks);
  await busy.release();
  assert.equal(require('node:events').getEventListeners(signal, 'abort').length, 0);
  assert.deepEqual(warnings, []);
});

test('an abort is never retried', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, maxTaskRetries: 3, retryBackoffMs: 1 });
  const seen = record(pool, 'task-retried', 'task-failed');
  const controller = new AbortController();
  const started = nextEvent(pool, 'task-started');
  const task = failure(pool.submitTask({ type: 'pending', signal: controller.signal, id: 'it' }), 'ERR_TASK_ABORTED');
  await started;
  controller.abort();
  await task;
  await nextTurn();
  assert.deepEqual(
    seen.map(([name, { taskId, retried }]) => [name, taskId, retried]),
    [['task-failed', 'it', false]],
  );
});

describe('what is no AbortSignal', () => {
  for (const signal of [{}, { aborted: false }, 'abort', 5, new EventTarget()]) {
    test(`${Object.prototype.toString.call(signal)} is refused`, async (t) => {
      const pool = await withPool(t);
      const error = await failure(pool.submitTask({ type: 'javascript', code: '', signal }), 'ERR_INVALID_ARG');
      assert.match(error.message, /signal.*AbortSignal/);
    });
  }
});
