'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, withPool } = require('../support/pool.js');

const ENDLESS = 'for (;;) await new Promise((resolve) => setImmediate(resolve))';
const ONCE = 'return new Promise((resolve) => setImmediate(resolve, "ran"))';

test('an endless chain of immediates is ended by its timeout, and the next task runs', async (t) => {
  const pool = await withPool(t);
  const run = (code, options) => pool.submitTask({ type: 'javascript', code, ...options });
  for (let i = 0; i < 5; i++) {
    await failure(run(ENDLESS, { timeout: 50 }), 'ERR_TASK_TIMEOUT');
    assert.equal(await run(ONCE), 'ran');
  }
});

test('a chain of immediates does not block the timers of another task', async (t) => {
  const pool = await withPool(t, { tasksPerWorker: 2 });
  const run = (code, options) => pool.submitTask({ type: 'javascript', code, ...options });
  const endless = failure(run(ENDLESS, { timeout: 500 }), 'ERR_TASK_TIMEOUT');
  const other = run('return new Promise((resolve) => setTimeout(resolve, 10, "timer"))');
  assert.equal(await Promise.race([endless, other]), 'timer');
  await endless;
});

test('immediates of a task that has ended never run', async (t) => {
  const pool = await withPool(t, { workerScript: { code: LEFT, filename: 'left.mjs' } });
  await pool.submitTask({ type: 'leave' });
  assert.equal(await pool.submitTask({ type: 'count' }), 0);
});

const LEFT = `
  let ran = 0;
  export default {
    leave() { for (let i = 0; i < 5; i++) setImmediate(() => ran++); },
    count: () => new Promise((resolve) => setImmediate(() => setTimeout(() => resolve(ran), 5))),
  };
`;
