'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, HOLD, nextTurn, occupy, script, withPool } = require('../support/pool.js');

test('the numbers of a known run add up', async (t) => {
  const pool = await withPool(t, { workerScript: script(`export default { ${HOLD} run: () => 1 }`), maxQueue: 3 });
  const run = (code, task) => pool.submitTask({ type: 'javascript', code, ...task });
  for (let i = 0; i < 4; i++) await run('return 1');
  for (let i = 0; i < 2; i++) await failure(run('throw 1'), 'ERR_TASK_FAILED');
  await failure(run('throw 1', { maxRetries: 2, retryBackoffMs: 1 }), 'ERR_TASK_FAILED');
  await failure(run('for (;;);', { timeout: 10 }), 'ERR_TASK_TIMEOUT');
  await failure(run('return 1', { inputs: () => {} }), 'ERR_DATA_CLONE');
  await failure(run('return 1', { priority: 500 }), 'ERR_INVALID_ARG');
  const busy = await occupy(pool);
  const waiting = [1, 5, 5].map((priority) => run('return 1', { priority }));
  await failure(run('return 1'), 'ERR_QUEUE_FULL');
  await nextTurn();
  const { tasks, queue, workers } = pool.getPoolMetrics();
  assert.deepEqual(tasks, {
    submitted: 13,
    completed: 4,
    failed: 3,
    retried: 2,
    timedOut: 1,
    aborted: 0,
    rejected: 1,
    queued: 3,
    running: 1,
    delayed: 0,
    dlq: 4,
  });
  assert.deepEqual([queue.queueDepth, queue.maxQueue, queue.byPriority], [3, 3, { 1: 1, 5: 2 }]);
  assert.deepEqual([workers.total, workers.busy, workers.ready], [1, 1, 0]);
  await busy.release();
  await Promise.all(waiting);
  const after = pool.getPoolMetrics();
  assert.deepEqual([after.tasks.completed, after.tasks.aborted, after.tasks.queued, after.tasks.running], [7, 1, 0, 0]);
  assert.deepEqual(after.queue.byPriority, {});
});

test('every group and figure of the contract is there', async (t) => {
  const pool = await withPool(t, { poolSize: 2, minWorkers: 1, maxWorkers: 6 });
  await pool.submitTask({ type: 'javascript', code: 'return 1' });
  const metrics = pool.getPoolMetrics();
  const names = Object.fromEntries(
    Object.entries(metrics).map(([group, figures]) => [group, Object.keys(figures).sort()]),
  );
  const times = ['max', 'mean', 'min', 'p50', 'p95', 'p99'];
  assert.deepEqual(names, {
    pool: ['initialized', 'maxWorkers', 'minWorkers', 'shuttingDown', 'size', 'uptime'],
    workers: ['abandoned', 'busy', 'ready', 'starting', 'total', 'unhealthy', 'zombies'],
    tasks: [
      'aborted',
      'completed',
      'delayed',
      'dlq',
      'failed',
      'queued',
      'rejected',
      'retried',
      'running',
      'submitted',
      'timedOut',
    ],
    performance: [
      'errorRate',
      'runTimeMs',
      'tasksPerSecond',
      'totalTimeMs',
      'waitTimeMs',
      'workerReuseRate',
      'workersRestarted',
      'workersSpawned',
    ],
    health: ['alerts', 'capacity', 'status'],
    queue: ['avgWaitTimeMs', 'byPriority', 'maxQueue', 'oldestWaitMs', 'queueDepth'],
    circuitBreakers: [],
    memory: ['externalMB', 'heapLimitMB', 'heapUsedMB', 'workers'],
    isolates: ['fatalErrors', 'panics', 'resets', 'started', 'warm'],
  });
  for (const group of ['runTimeMs', 'waitTimeMs', 'totalTimeMs'])
    assert.deepEqual(Object.keys(metrics.performance[group]).sort(), times);
  assert.deepEqual(metrics.pool, {
    size: 2,
    minWorkers: 1,
    maxWorkers: 6,
    initialized: true,
    shuttingDown: false,
    uptime: metrics.pool.uptime,
  });
  assert.deepEqual(metrics.health, { status: 'healthy', capacity: 1, alerts: [] });
  const numbers = JSON.stringify(metrics);
  assert.doesNotMatch(numbers, /null/, 'no figure is NaN');
});

test('time summaries are ordered and close to times that are measured here', async (t) => {
  const pool = await withPool(t);
  for (let i = 1; i <= 20; i++)
    await pool.submitTask({ type: 'javascript', code: `await new Promise((r) => setTimeout(r, ${i}))` });
  const { runTimeMs: run, totalTimeMs: total } = pool.getPoolMetrics().performance;
  for (const times of [run, total]) {
    assert.ok(
      times.min <= times.p50 && times.p50 <= times.p95 && times.p95 <= times.p99 && times.p99 <= times.max,
      JSON.stringify(times),
    );
    assert.ok(times.min <= times.mean && times.mean <= times.max, JSON.stringify(times));
  }
  assert.ok(run.max >= 19 && run.min >= 0.5, JSON.stringify(run));
});

test('memory of a worker is known after a long task', async (t) => {
  const pool = await withPool(t, { workerMemoryLimitMB: 100 });
  await pool.submitTask({ type: 'javascript', code: 'const end = Date.now() + 20; while (Date.now() < end);' });
  const { memory, workerId } = pool.getWorkerStatus(0);
  assert.equal(workerId, 0);
  assert.ok(memory.heapUsedMB > 0 && memory.heapUsedMB < 100, JSON.stringify(memory));
  assert.ok(Math.abs(memory.heapLimitMB - 100) <= 10, JSON.stringify(memory));
  assert.equal(pool.getPoolMetrics().memory.workers.length, 1);
});

test('a worker status follows its worker', async (t) => {
  const pool = await withPool(t, { workerScript: script(`export default { ${HOLD} run: () => 1 }`) });
  const { memory, ...idle } = pool.getWorkerStatus(0);
  assert.deepEqual(idle, {
    workerId: 0,
    generation: 1,
    state: 'ready',
    inFlight: 0,
    tasksCompleted: 0,
    restarts: 0,
    failuresInARow: 0,
  });
  const busy = await occupy(pool);
  assert.deepEqual([pool.getWorkerStatus(0).state, pool.getWorkerStatus(0).inFlight], ['busy', 1]);
  await busy.release();
  await pool.submitTask({ type: 'run' });
  await pool.restartWorker(0);
  const after = pool.getWorkerStatus(0);
  assert.deepEqual([after.generation, after.restarts, after.state], [2, 1, 'ready']);
  assert.deepEqual(pool.getAllWorkersStatus(), [after]);
});
