'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

// Timers after a task was terminated. The tasks share one realm, which the next task finds as the last one left it.
const HANDLERS = script(`
  export function flood() {
    for (let i = 0; ; i++) setTimeout(() => {}, i % 1000);
  }
  export function churn() {
    for (;;) clearTimeout(setTimeout(() => {}, 1000));
  }
  export async function deep() {
    const dive = () => {
      try {
        dive();
      } catch {}
      try {
        setTimeout(() => {}, 5);
      } catch {}
    };
    dive();
  }
  export async function wait(delays) {
    await Promise.all(delays.map((delay) => new Promise((resolve) => setTimeout(resolve, delay))));
    return 'waited';
  }
`);

const DELAYS = [1, 3, 5, 10];

for (const type of ['flood', 'churn']) {
  test(`after a task was terminated while it only used ${type} timers, timers of other tasks fire`, async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS, workerMemoryLimitMB: 512 });
    for (let i = 0; i < 10; i++) {
      await failure(pool.submitTask({ type, timeout: 15 + i }), 'ERR_TASK_TIMEOUT');
      assert.equal(await pool.submitTask({ type: 'wait', payload: DELAYS, timeout: 10_000 }), 'waited');
    }
  });
}

test('after timers were set with a full stack, timers of other tasks fire', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  for (let i = 0; i < 5; i++) {
    await pool.submitTask({ type: 'deep' });
    assert.equal(await pool.submitTask({ type: 'wait', payload: DELAYS, timeout: 10_000 }), 'waited');
  }
});

test('many tasks that wait at once each wait for their own time', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, tasksPerWorker: 1000 });
  const tasks = Array.from({ length: 1000 }, (_, i) => pool.submitTask({ type: 'wait', payload: [1 + (i % 50)] }));
  assert.deepEqual(new Set(await Promise.all(tasks)), new Set(['waited']));
});
