'use strict';

// Task fields of a wrong type or range: ERR_INVALID_ARG has the field, the value and what is allowed.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, HOLD, occupy, script, withPool } = require('../support/pool.js');

const notANumber = ['4', null, true, {}, [], 5n, NaN];
const wrong = {
  type: [undefined, null, 5, '', {}, Symbol('s')],
  priority: [...notANumber, -1, 101, 1.5, Infinity],
  timeout: [...notANumber, 0, -1],
  queueTimeout: [...notANumber, 0, -1],
  maxRetries: [...notANumber, -1, 1.5, Infinity],
  retryBackoffMs: [...notANumber, -1],
  delay: [...notANumber, -1],
  signal: [null, {}, 'abort', 5],
  id: [null, 5, '', {}, Symbol('s')],
  isolation: ['none', 5, null],
};

for (const [field, values] of Object.entries(wrong)) {
  describe(field, () => {
    for (const value of values) {
      const shown = typeof value === 'object' ? JSON.stringify(value) : String(value);
      test(`${typeof value} ${shown} is refused`, async (t) => {
        const pool = await withPool(t);
        const error = await failure(
          pool.submitTask({ type: 'javascript', code: '', [field]: value }),
          'ERR_INVALID_ARG',
        );
        assert.ok(error.message.startsWith(`task.${field} must be `), error.message);
        assert.equal(error.field, `task.${field}`);
        if (field === 'type') return;
        const second = await failure(
          pool.submitTask({ type: 'javascript', code: '' }, { [field]: value }),
          'ERR_INVALID_ARG',
        );
        assert.ok(second.message.startsWith(`options.${field} must be `), second.message);
        assert.equal(pool.getPoolMetrics().tasks.submitted, 0);
      });
    }
  });
}

test('a task that is not an object is refused', async (t) => {
  const pool = await withPool(t);
  for (const task of [undefined, null, 5, 'a', [], true, () => {}])
    await failure(pool.submitTask(task), 'ERR_INVALID_ARG');
  for (const options of [null, 5, 'a', []])
    await failure(pool.submitTask({ type: 'javascript', code: '' }, options), 'ERR_INVALID_ARG');
});

test('unknown fields are reported with the known ones', async (t) => {
  const pool = await withPool(t);
  for (const task of [
    { type: 'a', payLoad: 1 },
    { type: 'a', inputs: 1 },
    { type: 'javascript', code: '', payload: 1 },
  ]) {
    const error = await failure(pool.submitTask(task), 'ERR_INVALID_ARG');
    assert.match(error.message, /payload/i);
  }
  await failure(pool.submitTask({ type: 'a' }, { payload: 1 }), 'ERR_INVALID_ARG');
});

test('code that is no string, code with the type of a handler, and a code type without code are refused', async (t) => {
  const pool = await withPool(t);
  for (const code of [5, null, {}, () => 1])
    await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_INVALID_ARG');
  await failure(pool.submitTask({ type: 'resize', code: 'return 1' }), 'ERR_INVALID_ARG');
  for (const type of ['javascript', 'filter', '@any/javascript']) {
    assert.match((await failure(pool.submitTask({ type }), 'ERR_INVALID_ARG')).message, /code/);
  }
});

test('an id of an unsettled task is refused, and may be used again afterwards', async (t) => {
  const pool = await withPool(t, { workerScript: script(`export default { ${HOLD} run: () => 1 }`) });
  const busy = await occupy(pool);
  const first = pool.submitTask({ type: 'run', id: 'same' });
  const error = await failure(pool.submitTask({ type: 'run', id: 'same' }), 'ERR_INVALID_ARG');
  assert.match(error.message, /id.*unique.*"same"/);
  await failure(pool.submitTask({ type: 'run' }, { id: 'same' }), 'ERR_INVALID_ARG');
  await busy.release();
  assert.equal(await first, 1);
  assert.equal(await pool.submitTask({ type: 'run', id: 'same' }), 1);
});

test('an id that looks like a generated one stays unique', async (t) => {
  const pool = await withPool(t, { workerScript: script('export default (_, { taskId }) => taskId') });
  pool.pause();
  const named = Array.from({ length: 5 }, (_, i) =>
    pool.submitTask({ type: 'x', id: `task-${i + 1}` }).catch((error) => error.code),
  );
  const unnamed = Array.from({ length: 5 }, () => pool.submitTask({ type: 'x' }));
  pool.resume();
  const ids = await Promise.all([...named, ...unnamed]);
  assert.equal(new Set(ids).size, 10, String(ids));
});

test('a task whose getters throw rejects and does not throw', async (t) => {
  const pool = await withPool(t);
  const promise = pool.submitTask({
    get type() {
      throw new Error('getter');
    },
  });
  await assert.rejects(promise, /getter/);
});

test('submitTasks gives the result of each task, in order', async (t) => {
  const pool = await withPool(t);
  const results = await pool.submitTasks(
    new Set([{ type: 'javascript', code: 'return 1' }, { type: 5 }, { type: 'javascript', code: 'throw 2' }, null]),
  );
  assert.deepEqual(
    results.map(({ status, value, reason }) => [status, value ?? reason.code]),
    [
      ['fulfilled', 1],
      ['rejected', 'ERR_INVALID_ARG'],
      ['rejected', 'ERR_TASK_FAILED'],
      ['rejected', 'ERR_INVALID_ARG'],
    ],
  );
  assert.deepEqual(await pool.submitTasks([]), []);
  for (const tasks of [undefined, null, 5, {}, 'text']) await failure(pool.submitTasks(tasks), 'ERR_INVALID_ARG');
});

test('invalid arguments of other methods are refused', async (t) => {
  const pool = await withPool(t, { maxWorkers: 2 });
  for (const value of [0, -1, 1.5, '1', null, NaN, {}]) {
    await failure(pool.scaleUp(value), 'ERR_INVALID_ARG');
    await failure(pool.scaleDown(value), 'ERR_INVALID_ARG');
  }
  for (const value of [undefined, 0, 3, '1', null]) await failure(pool.resize(value), 'ERR_INVALID_ARG');
  for (const value of [undefined, -1, 7, '0', null]) await failure(pool.restartWorker(value), 'ERR_INVALID_ARG');
  assert.equal(pool.getWorkerStatus(7), undefined);
});
