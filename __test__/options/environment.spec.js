'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');

async function figures(env, options = '{}') {
  const child = ended(
    await runBody(
      `
    const pool = await createWorkerPool(${options}).catch((error) => { say([error.code, error.message]); process.exit(0); });
    const { pool: { size }, queue: { maxQueue } } = pool.getPoolMetrics();
    say([size, maxQueue]);
    await pool.shutdown();
  `,
      { env },
    ),
  );
  return child.said[0];
}

test('environment variables are used when the option is absent', async () => {
  assert.deepEqual(await figures({ POOL_SIZE: '3', WORKER_TASK_QUEUE_SIZE: '7' }), [3, 7]);
  assert.deepEqual(await figures({ PERSISTENT_WORKER_POOL_SIZE: '2', POOL_SIZE: '3' }), [2, 800]);
  assert.deepEqual(
    await figures({ POOL_SIZE: '3', WORKER_TASK_QUEUE_SIZE: '7' }, '{ poolSize: 1, maxQueue: 9 }'),
    [1, 9],
  );
  assert.deepEqual(await figures({ POOL_SIZE: '', WORKER_TASK_QUEUE_SIZE: '' }, '{ poolSize: 1 }'), [1, 400]);
  assert.deepEqual(
    await figures(
      { WORKER_HEALTH_CHECK_INTERVAL_MS: '100', WORKER_RESTART_MEMORY_THRESHOLD_MB: '50' },
      '{ poolSize: 1 }',
    ),
    [1, 400],
  );
});

test('the error of an invalid environment variable has its name', async () => {
  for (const [name, value] of [
    ['PERSISTENT_WORKER_POOL_SIZE', 'many'],
    ['POOL_SIZE', '0'],
    ['POOL_SIZE', '1.5'],
    ['WORKER_TASK_QUEUE_SIZE', '-1'],
    ['WORKER_HEALTH_CHECK_INTERVAL_MS', 'x'],
    ['WORKER_RESTART_MEMORY_THRESHOLD_MB', '0'],
  ]) {
    const [code, message] = await figures({ [name]: value });
    assert.equal(code, 'ERR_INVALID_ARG', `${name}=${value}`);
    assert.ok(message.startsWith(name) && message.includes(value), message);
  }
});

test('an invalid environment variable is ignored when the option is given', async () => {
  assert.deepEqual(await figures({ POOL_SIZE: 'many' }, '{ poolSize: 1 }'), [1, 400]);
});
