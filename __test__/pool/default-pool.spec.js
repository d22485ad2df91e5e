'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const isolane = require('../..');
const { failure } = require('../support/pool.js');
const { ended, ROOT, runBody, runNode } = require('../support/child.js');

const task = { type: 'javascript', code: 'return 1' };

test('without a pool the module-level functions fail with ERR_NO_POOL', async () => {
  const child = ended(
    await runBody(`
    for (const call of ['submitTask', 'scaleUp', 'scaleDown', 'shutdown']) await isolane[call]({}).catch((error) => say(error.code));
    try { isolane.getPoolMetrics() } catch (error) { say(error.code) }
  `),
  );
  assert.deepEqual(child.said, Array(5).fill('ERR_NO_POOL'));
});

test('the module-level functions use the pool that createWorkerPool made last', async (t) => {
  const options = { poolSize: 1, maxWorkers: 3, maxTaskRetries: 0 };
  const first = await isolane.createWorkerPool(options);
  const second = await isolane.createWorkerPool(options);
  t.after(() => Promise.all([first.shutdown(false), second.shutdown(false)]));
  assert.equal(await isolane.submitTask(task), 1);
  await failure(isolane.submitTask(task, { priority: -1 }), 'ERR_INVALID_ARG');
  assert.deepEqual([await isolane.scaleUp(2), await isolane.scaleDown()], [3, 2]);
  assert.equal(isolane.getPoolMetrics().tasks.completed, 1);
  assert.equal(first.getPoolMetrics().tasks.submitted, 0);
  await isolane.shutdown();
  await failure(second.submitTask(task), 'ERR_POOL_CLOSED');
  await failure(isolane.submitTask(task), 'ERR_NO_POOL');
  assert.equal(await first.submitTask(task), 1);
});

test('a pool that failed to start does not become the default pool', async (t) => {
  const pool = await isolane.createWorkerPool({ poolSize: 1 });
  t.after(() => pool.shutdown(false));
  await failure(isolane.createWorkerPool({ poolSize: 1, workerScript: { code: 'throw 1' } }), 'ERR_MODULE_LOAD');
  assert.equal(await isolane.submitTask(task), 1);
});

test('import and require give the same exports', async () => {
  const module = await import('../../index.mjs');
  assert.deepEqual(
    Object.keys(module)
      .filter((name) => name !== 'default')
      .sort(),
    Object.keys(isolane).sort(),
  );
  for (const name of Object.keys(isolane)) assert.equal(module[name], isolane[name], name);
});

test('the package can be imported and required by its name', async () => {
  const source = 'console.log(JSON.stringify([typeof WorkerPool, typeof version]))';
  const results = [
    await runNode(['--input-type=module', '-e', `import { WorkerPool, version } from 'isolane'; ${source}`], {
      cwd: ROOT,
    }),
    await runNode(['-e', `const { WorkerPool, version } = require('isolane'); ${source}`], { cwd: ROOT }),
  ];
  for (const result of results) assert.deepEqual(ended(result).said, [['function', 'string']]);
});

test('the constructor of WorkerPool throws for users', () => {
  assert.throws(() => new isolane.WorkerPool({}), { code: 'ERR_INVALID_ARG', message: /createWorkerPool/ });
});

test('an IsolaneError is an Error with a code', () => {
  const error = new isolane.IsolaneError('ERR_NO_POOL', 'text', { cause: 1, taskId: 'x' });
  assert.ok(error instanceof Error);
  assert.deepEqual(
    [error.name, error.code, error.message, error.cause, error.taskId],
    ['IsolaneError', 'ERR_NO_POOL', 'text', 1, 'x'],
  );
});

test('version is the one of the package, and TASK_DEFAULTS cannot be changed', () => {
  assert.equal(isolane.version, require('../../package.json').version);
  assert.ok(Object.isFrozen(isolane.TASK_DEFAULTS));
  assert.equal(isolane.TASK_DEFAULTS.priority, 10);
});
