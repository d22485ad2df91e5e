'use strict';

// The health of a pool, and the reasons for alerts.

const assert = require('node:assert/strict');
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const { describe, test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');
const { folder } = require('../support/folder.js');
const { failure, HOLD, nextEvent, occupy, script, withPool } = require('../support/pool.js');

const HANDLERS = script(`export default { ${HOLD} echo: (value) => value }`);
/** Loads slowly, so that the state of starting workers can be observed. */
const SLOW = script('const end = Date.now() + 150; while (Date.now() < end); export default () => 1;');
const HEALTHY = { status: 'healthy', capacity: 1, alerts: [] };

test('a pool at rest and a pool at work are healthy', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, poolSize: 2 });
  assert.deepEqual(pool.getHealth(), HEALTHY);
  assert.deepEqual(pool.getPoolMetrics().health, HEALTHY);
  const busy = [await occupy(pool), await occupy(pool)];
  const waiting = pool.submitTask({ type: 'echo' });
  assert.deepEqual(pool.getHealth(), HEALTHY);
  await Promise.all(busy.map(({ release }) => release()));
  await waiting;
});

test('failing tasks do not make a pool unhealthy', async (t) => {
  const pool = await withPool(t);
  for (let i = 0; i < 20; i++)
    await failure(pool.submitTask({ type: 'javascript', code: 'throw 1' }), 'ERR_TASK_FAILED');
  assert.deepEqual(pool.getHealth(), HEALTHY);
});

test('workers-not-ready: some are starting; no-workers: all of them', async (t) => {
  const pool = await withPool(t, { poolSize: 2, workerScript: SLOW });
  const first = pool.restartWorker(0);
  assert.deepEqual(pool.getHealth(), {
    status: 'degraded',
    capacity: 0.5,
    alerts: [{ reason: 'workers-not-ready', message: '1 of 2 workers are not ready' }],
  });
  const second = pool.restartWorker(1);
  assert.deepEqual(pool.getHealth(), {
    status: 'critical',
    capacity: 0,
    alerts: [{ reason: 'no-workers', message: '2 of 2 workers are not ready' }],
  });
  await Promise.all([first, second]);
  assert.deepEqual(pool.getHealth(), HEALTHY);
});

test('queue-full: no more tasks are taken', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, maxQueue: 2 });
  const busy = await occupy(pool);
  const tasks = [pool.submitTask({ type: 'echo' })];
  await Promise.resolve();
  assert.equal(pool.getHealth().status, 'healthy');
  tasks.push(pool.submitTask({ type: 'echo', delay: 1 }));
  await Promise.resolve();
  const { status, capacity, alerts } = pool.getHealth();
  assert.deepEqual([status, capacity], ['degraded', 1]);
  assert.deepEqual(
    alerts.map(({ reason }) => reason),
    ['queue-full'],
  );
  assert.match(alerts[0].message, /^2 tasks wait/);
  await busy.release();
  await Promise.all(tasks);
  assert.deepEqual(pool.getHealth(), HEALTHY);
});

test('circuit-open: a type is held back', async (t) => {
  const pool = await withPool(t, { circuitBreaker: { failureThreshold: 1, resetTimeout: 60_000 } });
  await failure(pool.submitTask({ type: 'javascript', code: 'throw 1' }), 'ERR_TASK_FAILED');
  const { status, alerts } = pool.getHealth();
  assert.equal(status, 'degraded');
  assert.deepEqual(
    alerts.map(({ reason, type }) => [reason, type]),
    [['circuit-open', 'javascript']],
  );
  assert.match(alerts[0].message, /javascript/);
});

test('of several alerts all are listed, and the worst decides', async (t) => {
  const pool = await withPool(t, {
    poolSize: 2,
    maxQueue: 1,
    workerScript: SLOW,
    circuitBreaker: { failureThreshold: 1, resetTimeout: 60_000 },
  });
  await failure(pool.submitTask({ type: 'javascript', code: 'throw 1' }), 'ERR_TASK_FAILED');
  pool.pause();
  const waiting = pool.submitTask({ type: 'filter', code: 'true', inputs: 1 });
  const restarts = [0, 1].map((id) => pool.restartWorker(id));
  const { status, capacity, alerts } = pool.getHealth();
  const reasons = alerts.map(({ reason }) => reason).sort();
  assert.deepEqual([status, capacity, reasons], ['critical', 0, ['circuit-open', 'no-workers', 'queue-full']]);
  await Promise.all(restarts);
  pool.resume();
  assert.equal(await waiting, 1);
});

test('every alert has a reason and a message', async (t) => {
  const pool = await withPool(t, { maxQueue: 1, circuitBreaker: { failureThreshold: 1 } });
  await failure(pool.submitTask({ type: 'javascript', code: 'throw 1' }), 'ERR_TASK_FAILED');
  pool.pause();
  const waiting = pool.submitTask({ type: 'filter', code: 'true', inputs: 1 });
  await Promise.resolve();
  const { alerts } = pool.getHealth();
  assert.equal(alerts.length, 2);
  for (const { reason, message } of alerts) {
    assert.match(reason, /^[a-z]+(-[a-z]+)+$/);
    assert.ok(message.length > 10);
  }
  pool.resume();
  await waiting;
});

describe('worker-down', () => {
  /** A pool whose script is broken after its workers have loaded it. */
  async function fragile(t, options) {
    const at = folder(t, { 'handlers.mjs': 'import "./other.mjs"; export default () => 1;', 'other.mjs': '' });
    const other = path.join(at, 'other.mjs');
    const workerScript = path.join(at, 'handlers.mjs');
    const pool = await withPool(t, { workerScript, maxRestartAttempts: 1, ...options });
    writeFileSync(other, 'throw new Error("broken meanwhile")');
    return { pool, repair: () => writeFileSync(other, '') };
  }

  test('names the worker and its failures; the pool is degraded while another works', async (t) => {
    const { pool, repair } = await fragile(t, { poolSize: 2 });
    const down = nextEvent(pool, 'worker-down');
    await failure(pool.restartWorker(1), 'ERR_WORKER_LOST');
    assert.deepEqual(await down, { workerId: 1, failures: 1 });
    const { status, capacity, alerts } = pool.getHealth();
    assert.deepEqual([status, capacity], ['degraded', 0.5]);
    assert.deepEqual(alerts, [
      { reason: 'worker-down', message: 'worker 1 is down after 1 failure in a row', workerId: 1 },
      { reason: 'workers-not-ready', message: '1 of 2 workers are not ready' },
    ]);
    assert.equal(await pool.submitTask({ type: 'x' }), 1);
    repair();
    await pool.restartWorker(1);
    assert.deepEqual(pool.getHealth(), HEALTHY);
  });

  test('the pool is critical when no other works, and tasks reject with ERR_WORKER_LOST', async (t) => {
    const { pool, repair } = await fragile(t);
    pool.pause();
    const waiting = failure(pool.submitTask({ type: 'x' }), 'ERR_WORKER_LOST');
    await failure(pool.restartWorker(0), 'ERR_WORKER_LOST');
    await waiting;
    await failure(pool.submitTask({ type: 'x' }), 'ERR_WORKER_LOST');
    const { status, capacity, alerts } = pool.getHealth();
    assert.deepEqual([status, capacity], ['critical', 0]);
    assert.deepEqual(
      alerts.map(({ reason }) => reason),
      ['worker-down', 'no-workers'],
    );
    pool.resume();
    repair();
    await pool.restartWorker(0);
    assert.equal(await pool.submitTask({ type: 'x' }), 1);
    assert.deepEqual(pool.getHealth(), HEALTHY);
  });
});

// Fatal out-of-memory errors of V8 leave an isolate behind, so these tests run in child processes.
const FATAL = `
  const js = (code) => ({ type: 'javascript', code });
  const fatal = js('return new Array(2 ** 25).fill(1.5).length');
  const code = (promise) => promise.then((value) => value, (error) => error.code);
  const once = (pool, name) => new Promise((resolve) => pool.once(name, resolve));
  const reasons = (pool) => pool.getHealth().alerts.map(({ reason }) => reason);
`;

describe('abandoned isolates', () => {
  test('below the limit are reported, and the pool is healthy again', async () => {
    const child = ended(
      await runBody(`${FATAL}
      const pool = await start({ workerMemoryLimitMB: 32 });
      const restarted = once(pool, 'worker-restarted');
      say(await code(pool.submitTask(fatal)));
      say((await restarted).reason);
      say(await code(pool.submitTask(js('return 1'))));
      const { status, capacity, alerts } = pool.getHealth();
      say([status, capacity, alerts.map(({ reason }) => reason)]);
      say(alerts[0].message);
      const { workers, isolates } = pool.getPoolMetrics();
      say([workers.total, workers.ready, workers.abandoned, workers.zombies, isolates.fatalErrors]);
      await pool.shutdown();
    `),
    );
    const [first, reason, after, health, message, figures] = child.said;
    assert.deepEqual([first, reason, after], ['ERR_MEMORY_LIMIT', 'out-of-memory', 1]);
    assert.deepEqual(health, ['healthy', 1, ['abandoned-workers']]);
    assert.match(message, /^1 isolate was given up/);
    assert.deepEqual(figures, [1, 1, 1, 0, 1]);
  });

  test('at maxAbandonedWorkers a lost worker is not replaced until restartWorker', async () => {
    const child = ended(
      await runBody(`${FATAL}
      const pool = await start({ workerMemoryLimitMB: 32, maxAbandonedWorkers: 1 });
      const down = once(pool, 'worker-down');
      // Waiting tasks and later ones.
      const tasks = [pool.submitTask(fatal), pool.submitTask(js('return 1'))].map(code);
      say(await Promise.all(tasks));
      say(await down);
      say(await code(pool.submitTask(js('return 2'))));
      const { status, capacity } = pool.getHealth();
      say([status, capacity, reasons(pool)]);
      say(pool.getHealth().alerts.at(-1).message);
      say(pool.getAllWorkersStatus().map(({ state }) => state));
      await pool.restartWorker(0);
      say(await code(pool.submitTask(js('return 3'))));
      say([pool.getHealth().status, pool.getHealth().capacity, reasons(pool)]);
      await pool.shutdown();
      say([pool.getPoolMetrics().workers.total, pool.getPoolMetrics().workers.abandoned]);
    `),
    );
    const [tasks, down, later, health, message, states, after, again, end] = child.said;
    assert.deepEqual(tasks, ['ERR_MEMORY_LIMIT', 'ERR_WORKER_LOST']);
    assert.deepEqual(down, { workerId: 0, failures: 1 });
    assert.equal(later, 'ERR_WORKER_LOST');
    assert.deepEqual(health, ['critical', 0, ['worker-down', 'no-workers', 'abandoned-limit']]);
    assert.match(message, /1 isolate was given up.*maxAbandonedWorkers/);
    assert.deepEqual(states, ['down']);
    assert.equal(after, 3);
    assert.deepEqual(again, ['critical', 1, ['abandoned-limit']]);
    assert.deepEqual(end, [0, 1]);
  });

  test('at the limit the workers that are left go on', async () => {
    const child = ended(
      await runBody(`${FATAL}
      const pool = await start({ poolSize: 2, workerMemoryLimitMB: 32, maxAbandonedWorkers: 1 });
      const down = once(pool, 'worker-down');
      say(await code(pool.submitTask(fatal)));
      await down;
      say(await Promise.all(Array.from({ length: 5 }, (_, n) => code(pool.submitTask(js('return ' + n))))));
      say([pool.getHealth().status, pool.getHealth().capacity, reasons(pool)]);
      await pool.shutdown();
    `),
    );
    assert.deepEqual(child.said, [
      'ERR_MEMORY_LIMIT',
      [0, 1, 2, 3, 4],
      ['critical', 0.5, ['worker-down', 'workers-not-ready', 'abandoned-limit']],
    ]);
  });
});

test('healthMonitor.getHealthSummary() has the numbers of workers', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, poolSize: 2, maxQueue: 1 });
  const before = Date.now();
  const { checkedAt, ...summary } = pool.healthMonitor.getHealthSummary();
  assert.ok(checkedAt >= before && checkedAt <= Date.now());
  const well = {
    status: 'healthy',
    healthy: true,
    capacity: 1,
    totalWorkers: 2,
    healthyWorkers: 2,
    unhealthyWorkers: 0,
    zombieWorkers: 0,
    queueDepth: 0,
    alerts: [],
  };
  assert.deepEqual(summary, well);
  pool.pause();
  const waiting = pool.submitTask({ type: 'echo' });
  await Promise.resolve();
  const { checkedAt: _, alerts, ...later } = pool.healthMonitor.getHealthSummary();
  assert.deepEqual({ ...later, alerts: [] }, { ...well, status: 'degraded', healthy: false, queueDepth: 1 });
  assert.deepEqual(alerts, pool.getHealth().alerts);
  pool.resume();
  await waiting;
});

test('during and after a shutdown there are no alerts', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const busy = await occupy(pool);
  const closed = pool.shutdown();
  assert.deepEqual(pool.getHealth().alerts, []);
  await busy.release();
  await closed;
  const { status, alerts } = pool.getHealth();
  assert.deepEqual([status, alerts], ['healthy', []]);
  assert.equal(pool.healthMonitor.getHealthSummary().totalWorkers, 0);
});
