'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, HOLD, nextEvent, nextTurn, occupy, script, withPool } = require('../support/pool.js');

const HANDLERS = script(
  `const order = []; export default { ${HOLD} run: (name) => { order.push(name); }, order: () => order };`,
);
const orderOf = (pool) => pool.submitTask({ type: 'order', priority: 100 });

test('priority 0 is first, 100 last, 10 the default, and first come first served within one', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  pool.pause();
  const priorities = [100, 10, undefined, 0, 50, 0, 9, 11, undefined, 100];
  const tasks = priorities.map((priority, i) =>
    pool.submitTask({ type: 'run', payload: `${priority ?? 10}#${i}`, priority }),
  );
  await nextTurn();
  pool.resume();
  await Promise.all(tasks);
  assert.deepEqual(await orderOf(pool), [
    '0#3',
    '0#5',
    '9#6',
    '10#1',
    '10#2',
    '10#8',
    '11#7',
    '50#4',
    '100#0',
    '100#9',
  ]);
});

test('a task that comes later and is more urgent runs before those that wait', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const busy = await occupy(pool);
  const late = pool.submitTask({ type: 'run', payload: 'usual' });
  await nextTurn();
  const urgent = pool.submitTask({ type: 'run', payload: 'urgent', priority: 0 });
  await busy.release();
  await Promise.all([late, urgent]);
  assert.deepEqual(await orderOf(pool), ['urgent', 'usual']);
});

test('a thousand tasks of one priority run in the order of their submission', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, maxQueue: 2000 });
  const numbers = Array.from({ length: 1000 }, (_, n) => n);
  await Promise.all(numbers.map((payload) => pool.submitTask({ type: 'run', payload })));
  assert.deepEqual(await orderOf(pool), numbers);
});

test('a delayed task runs after its delay, and others before it', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const from = performance.now();
  const delayed = pool
    .submitTask({ type: 'run', payload: 'delayed', delay: 60, priority: 0 })
    .then(() => performance.now() - from);
  await nextTurn();
  assert.equal(pool.getPoolMetrics().tasks.delayed, 1);
  await pool.submitTask({ type: 'run', payload: 'other' });
  assert.ok((await delayed) >= 59, 'it did not start too early');
  assert.deepEqual(await orderOf(pool), ['other', 'delayed']);
});

test('a task that waits longer than queueTimeout rejects with ERR_QUEUE_TIMEOUT and never runs', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const busy = await occupy(pool);
  const error = await failure(pool.submitTask({ type: 'run', payload: 'x', queueTimeout: 20 }), 'ERR_QUEUE_TIMEOUT');
  assert.equal(error.attempts, 0);
  await busy.release();
  assert.deepEqual(await orderOf(pool), []);
});

test('queueTimeout of the pool counts where the task has none, and not for a task that runs', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, queueTimeout: 20 });
  const busy = await occupy(pool);
  await failure(pool.submitTask({ type: 'run' }), 'ERR_QUEUE_TIMEOUT');
  const patient = pool.submitTask({ type: 'run', queueTimeout: Infinity });
  await failure(pool.submitTask({ type: 'run' }), 'ERR_QUEUE_TIMEOUT');
  await busy.release();
  assert.equal(await patient, undefined);
});

test('queueTimeout ends tasks of a paused pool', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  pool.pause();
  await failure(pool.submitTask({ type: 'run', queueTimeout: 10 }), 'ERR_QUEUE_TIMEOUT');
});

test('a full queue refuses with ERR_QUEUE_FULL, says backpressure once, and drain when it is empty', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, maxQueue: 2 });
  const busy = await occupy(pool);
  const events = [];
  pool.on('backpressure', (details) => events.push(['backpressure', details]));
  pool.on('drain', () => events.push(['drain']));
  const accepted = [1, 2].map((payload) => pool.submitTask({ type: 'run', payload }));
  const refused = [3, 4].map((payload) =>
    failure(pool.submitTask({ type: 'run', payload, id: `task ${payload}` }), 'ERR_QUEUE_FULL'),
  );
  for (const error of await Promise.all(refused)) assert.match(error.message, /limit 2/);
  assert.deepEqual(events, [['backpressure', { queueDepth: 2, maxQueue: 2 }]]);
  const drained = nextEvent(pool, 'drain');
  await busy.release();
  await Promise.all(accepted);
  await drained;
  assert.deepEqual(
    events.map(([name]) => name),
    ['backpressure', 'drain'],
  );
  assert.equal(await pool.submitTask({ type: 'run', id: 'task 3' }), undefined, 'the id of a refused task is free');
  assert.equal(pool.getPoolMetrics().tasks.rejected, 2);
});

test('with maxQueue 0 a task runs when a worker is free and is refused otherwise', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, maxQueue: 0 });
  await pool.submitTask({ type: 'run' });
  const busy = await occupy(pool);
  await failure(pool.submitTask({ type: 'run' }), 'ERR_QUEUE_FULL');
  await busy.release();
});

test('a paused pool starts nothing, a resumed one all, and what ran before the pause goes on', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const busy = await occupy(pool);
  pool.pause();
  await busy.release();
  const task = pool.submitTask({ type: 'run', payload: 'later' });
  await nextTurn();
  assert.equal(pool.getPoolMetrics().tasks.queued, 1);
  pool.pause();
  pool.resume();
  pool.resume();
  await task;
  assert.deepEqual(await orderOf(pool), ['later']);
});

test('drain() resolves when nothing waits or runs, at once when the pool is idle', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  await pool.drain();
  const tasks = Array.from({ length: 5 }, () => pool.submitTask({ type: 'run' }));
  const failing = failure(pool.submitTask({ type: 'javascript', code: 'throw 1', delay: 20 }), 'ERR_TASK_FAILED');
  await pool.drain();
  const { queued, running, delayed, completed, failed } = pool.getPoolMetrics().tasks;
  assert.deepEqual(
    { queued, running, delayed, completed, failed },
    { queued: 0, running: 0, delayed: 0, completed: 5, failed: 1 },
  );
  await Promise.all([failing, ...tasks]);
});
