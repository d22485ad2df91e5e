'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { HOLD, nextEvent, nextTurn, occupy, script, withPool } = require('../support/pool.js');

const HANDLERS = script(
  `export default { ${HOLD} echo: (value) => value, later: async (value) => { await new Promise((r) => setTimeout(r, 2)); return value; } }`,
);

test('scaleUp and scaleDown give the new size when it is reached, and keep to the bounds', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, minWorkers: 1, maxWorkers: 3 });
  const sizes = [
    await pool.scaleUp(),
    await pool.scaleUp(10),
    await pool.scaleUp(),
    await pool.scaleDown(),
    await pool.scaleDown(10),
    await pool.resize(2),
  ];
  assert.deepEqual(sizes, [2, 3, 3, 2, 1, 2]);
  assert.equal(pool.size, 2);
  assert.deepEqual(
    pool.getAllWorkersStatus().map(({ state }) => state),
    ['ready', 'ready'],
  );
});

test('a pool may start at its minimum of several workers', async (t) => {
  const pool = await withPool(t, { poolSize: 2, minWorkers: 2, maxWorkers: 2 });
  assert.deepEqual([await pool.scaleUp(), await pool.scaleDown()], [2, 2]);
});

test('size, metrics and workers agree at the lower bound', async (t) => {
  const pool = await withPool(t, { minWorkers: 1, poolSize: 2, maxWorkers: 2 });
  const size = await pool.scaleDown(5);
  const { pool: figures, workers } = pool.getPoolMetrics();
  assert.deepEqual([figures.size, workers.total, pool.size], [size, size, size]);
  assert.ok(pool.getHealth().capacity <= 1);
});

test('scaling down lets a worker end its task first', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, poolSize: 2 });
  const [first, second] = [await occupy(pool), await occupy(pool)];
  let gone = false;
  const down = pool.scaleDown(1).then(() => {
    gone = true;
  });
  await nextTurn();
  assert.equal(gone, false);
  assert.ok(pool.getAllWorkersStatus().some(({ state }) => state === 'draining'));
  await Promise.all([first.release(), second.release(), down]);
  assert.equal(pool.getAllWorkersStatus().length, 1);
});

test('no task is lost while the pool is scaled up and down under load', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, maxWorkers: 4, maxQueue: 5000, tasksPerWorker: 2 });
  const tasks = Array.from({ length: 1500 }, (_, payload) =>
    pool.submitTask({ type: payload % 3 ? 'echo' : 'later', payload }),
  );
  for (const size of [4, 1, 3, 2, 4, 1]) await pool.resize(size);
  const sizes = Promise.all([pool.resize(4), pool.resize(1), pool.scaleUp(2), pool.resize(2)]);
  assert.deepEqual(
    await Promise.all(tasks),
    Array.from({ length: 1500 }, (_, n) => n),
  );
  await sizes;
  await pool.resize(2);
  assert.equal(pool.getAllWorkersStatus().length, 2);
});

test('restartWorker replaces the isolate after its task, and no task is lost', async (t) => {
  const pool = await withPool(t, {
    workerScript: script('let n = 0; export default async () => { await null; return ++n; }'),
  });
  assert.equal(await pool.submitTask({ type: 'x' }), 1);
  const tasks = [pool.submitTask({ type: 'x' }), pool.submitTask({ type: 'x' })];
  await Promise.all([pool.restartWorker(0), ...tasks]);
  assert.equal(pool.getWorkerStatus(0).generation, 2);
  assert.equal(pool.getPoolMetrics().performance.workersRestarted, 1);
});

test('restartWorker of a worker that is scaled away meanwhile ends', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, poolSize: 2 });
  const [first, second] = [await occupy(pool), await occupy(pool)];
  const restarts = [pool.restartWorker(0), pool.restartWorker(1)].map((promise) => promise.catch((error) => error));
  const down = pool.scaleDown(1);
  await Promise.all([first.release(), second.release()]);
  await Promise.all([...restarts, down]);
  assert.equal(pool.getAllWorkersStatus().length, 1);
});

test('all workers restarted at once under load lose no task', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, poolSize: 2, maxQueue: 1000 });
  const tasks = Array.from({ length: 400 }, (_, payload) => pool.submitTask({ type: 'later', payload }));
  await nextEvent(pool, 'task-started');
  await Promise.all([0, 1].map((id) => pool.restartWorker(id)));
  assert.deepEqual(
    await Promise.all(tasks),
    Array.from({ length: 400 }, (_, n) => n),
  );
});

for (const loadBalancing of ['round-robin', 'least-loaded']) {
  test(`${loadBalancing} uses every worker under load`, async (t) => {
    const pool = await withPool(t, { loadBalancing, poolSize: 3, workerScript: HANDLERS });
    const busy = [await occupy(pool), await occupy(pool), await occupy(pool)];
    assert.deepEqual(
      pool.getAllWorkersStatus().map(({ inFlight }) => inFlight),
      [1, 1, 1],
    );
    await Promise.all(busy.map(({ release }) => release()));
  });
}

test('round-robin takes the workers in turn', async (t) => {
  const pool = await withPool(t, {
    loadBalancing: 'round-robin',
    poolSize: 3,
    workerScript: script('export default (_, { workerId }) => workerId'),
  });
  const workers = [];
  for (let i = 0; i < 6; i++) workers.push(await pool.submitTask({ type: 'x' }));
  assert.deepEqual(workers, [0, 1, 2, 0, 1, 2]);
});
