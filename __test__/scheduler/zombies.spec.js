'use strict';

// Workers that miss their heartbeats because they are stuck in native code, which V8 cannot interrupt. Busy JavaScript
// answers heartbeats.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');
const { failure, HOLD, nextEvent, nextTurn, record, script, withPool } = require('../support/pool.js');

/**
 * A search in native code that does not check for interrupts. It takes about 2 s, which is longer than the threshold
 * below.
 */
const STUCK = '"a".repeat(2 ** 20).lastIndexOf("a".repeat(2 ** 11) + "b")';
const HANDLERS = script(`
  const stuck = () => ${STUCK};
  export default {
    ${HOLD}
    stuck,
    late() { stuck(); return 'late'; },
    once(_, { attempt }) { if (attempt === 1) stuck(); return attempt; },
    then() { Promise.resolve().then(stuck); return new Promise(() => {}); },
    echo: (value) => value,
  };
`);
const THRESHOLD = 300;

const start = (t, options) =>
  withPool(t, { workerScript: HANDLERS, zombieThresholdMs: THRESHOLD, restartCooldownMs: 1, ...options });

/** Resolves when no worker is a zombie any more. */
async function backAgain(pool) {
  while (pool.getPoolMetrics().workers.zombies > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

const gauges = (pool) => {
  const { zombies, abandoned, total } = pool.getPoolMetrics().workers;
  return { zombies, abandoned, total };
};

describe('is no zombie:', () => {
  for (const [name, code, result] of [
    ['a loop', 'const end = Date.now() + 900; while (Date.now() < end); return 1', 1],
    [
      'a loop that calls native code again and again',
      'const end = Date.now() + 900; while (Date.now() < end) JSON.stringify(new Array(1000).fill(1)); return 2',
      2,
    ],
    ['a task that waits', 'await new Promise((r) => setTimeout(r, 900)); return 3', 3],
    ['a flood of microtasks', 'const end = Date.now() + 900; while (Date.now() < end) await null; return 4', 4],
    [
      'a loop in a timer',
      'return new Promise((r) => setTimeout(() => { const end = Date.now() + 900; while (Date.now() < end); r(5) }, 1))',
      5,
    ],
  ]) {
    test(`${name} of three times the threshold`, async (t) => {
      const pool = await start(t);
      const seen = record(pool, 'zombie-detected', 'worker-exited');
      assert.equal(await pool.submitTask({ type: 'javascript', code }), result);
      assert.deepEqual(seen, []);
      assert.deepEqual(gauges(pool), { zombies: 0, abandoned: 0, total: 1 });
    });
  }

  test('a regular expression that backtracks: it has its timeout', async (t) => {
    const pool = await start(t);
    const seen = record(pool, 'zombie-detected');
    const code = 'return /^(a+)+$/.test("a".repeat(40) + "b")';
    await failure(pool.submitTask({ type: 'javascript', code, timeout: 800 }), 'ERR_TASK_TIMEOUT');
    assert.deepEqual(seen, []);
    assert.equal(pool.getWorkerStatus(0).generation, 1);
  });

  test('a worker that has nothing to do', async (t) => {
    const pool = await start(t, { poolSize: 2 });
    const seen = record(pool, 'zombie-detected', 'worker-exited');
    await new Promise((resolve) => setTimeout(resolve, 900));
    assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
    assert.deepEqual(seen, []);
  });

  test('a worker whose event loop turns while this thread is blocked', async (t) => {
    const pool = await start(t);
    const seen = record(pool, 'zombie-detected', 'worker-exited');
    const task = pool.submitTask({
      type: 'javascript',
      code: 'await new Promise((r) => setTimeout(r, 900)); return 1',
    });
    await nextEvent(pool, 'task-started');
    const end = Date.now() + 1000;
    while (Date.now() < end);
    assert.equal(await task, 1);
    assert.deepEqual(seen, []);
  });

  test('any worker of a process that was stopped for a while', async () => {
    const child = ended(
      await runBody(`
      const { spawn } = require('node:child_process');
      const pool = await start({ poolSize: 2, zombieThresholdMs: 500 });
      pool.on('zombie-detected', say);
      const code = 'const end = Date.now() + 2500; while (Date.now() < end); return "done"';
      const task = pool.submitTask({ type: 'javascript', code });
      const stop = 'sleep 0.3; kill -STOP "$0"; sleep 1.2; kill -CONT "$0"';
      const helper = spawn('sh', ['-c', stop, String(process.pid)], { stdio: 'ignore' });
      await new Promise((resolve) => helper.once('exit', resolve));
      say(await task);
      await pool.shutdown();
    `),
    );
    assert.deepEqual(child.said, ['done']);
  });
});

test('a worker that is stuck is reported and replaced, and its task rejects with ERR_WORKER_LOST', async (t) => {
  const pool = await start(t);
  const seen = record(pool, 'zombie-detected', 'worker-exited', 'worker-restarted', 'worker-ready');
  const ready = nextEvent(pool, 'worker-ready');
  const before = Date.now();
  const task = pool.submitTask({ type: 'stuck', id: 'it', metadata: { a: 1 } });
  const waiting = pool.submitTask({ type: 'echo', payload: 'next' });
  const error = await failure(task, 'ERR_WORKER_LOST');
  const after = Date.now();
  assert.deepEqual([error.taskId, error.type, error.attempts], ['it', 'stuck', 1]);
  assert.equal(await waiting, 'next');
  await ready;
  const [[, { timeSinceHeartbeat, ...zombie }], ...others] = seen;
  assert.deepEqual(
    [seen[0][0], zombie],
    ['zombie-detected', { workerId: 0, generation: 1, tasks: [{ taskId: 'it', type: 'stuck', metadata: { a: 1 } }] }],
  );
  // The two clocks may differ by a millisecond, and the last heartbeat was before the task.
  assert.ok(timeSinceHeartbeat >= THRESHOLD - 1, String(timeSinceHeartbeat));
  assert.ok(timeSinceHeartbeat <= after - before + THRESHOLD, String(timeSinceHeartbeat));
  assert.deepEqual(others, [
    ['worker-exited', { workerId: 0, generation: 1, reason: 'zombie' }],
    ['worker-restarted', { workerId: 0, generation: 2, reason: 'zombie' }],
    ['worker-ready', { workerId: 0, generation: 2 }],
  ]);
});

test('a zombie is counted until its thread comes back, and its late answer is dropped', async (t) => {
  const pool = await start(t);
  const seen = record(pool, 'task-completed', 'worker-exited');
  await failure(pool.submitTask({ type: 'late' }), 'ERR_WORKER_LOST');
  assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
  assert.deepEqual(gauges(pool), { zombies: 1, abandoned: 1, total: 1 });
  const { status, alerts } = pool.getHealth();
  assert.deepEqual([status, alerts.map(({ reason }) => reason)], ['healthy', ['abandoned-workers']]);
  assert.match(alerts[0].message, /1 isolate was given up \(1 for silence\); its memory stays/);
  assert.equal(pool.healthMonitor.getHealthSummary().zombieWorkers, 1);
  await backAgain(pool);
  assert.deepEqual(gauges(pool), { zombies: 0, abandoned: 0, total: 1 });
  assert.deepEqual(pool.getHealth(), { status: 'healthy', capacity: 1, alerts: [] });
  await nextTurn();
  assert.deepEqual(
    seen.map(([name, { type, generation }]) => [name, type ?? generation]),
    [
      ['worker-exited', 1],
      ['task-completed', 'echo'],
    ],
  );
  const { tasks } = pool.getPoolMetrics();
  assert.deepEqual([tasks.completed, tasks.failed, tasks.running], [1, 1, 0]);
});

test('the task of a zombie is retried in the new worker', async (t) => {
  const pool = await start(t);
  const seen = record(pool, 'task-failed', 'task-retried');
  assert.equal(await pool.submitTask({ type: 'once', maxRetries: 1, retryBackoffMs: 1 }), 2);
  await nextTurn();
  assert.deepEqual(
    seen.map(([name, { attempt, retried }]) => [name, attempt, retried]),
    [
      ['task-failed', 1, true],
      ['task-retried', 2, undefined],
    ],
  );
});

test('all tasks in flight of a zombie are named and rejected, since any of them may be the cause', async (t) => {
  const pool = await start(t, { tasksPerWorker: 3 });
  const zombie = nextEvent(pool, 'zombie-detected');
  const tasks = ['pending', 'then'].map((type) => failure(pool.submitTask({ type, id: type }), 'ERR_WORKER_LOST'));
  assert.deepEqual(
    (await zombie).tasks.map(({ taskId }) => taskId),
    ['pending', 'then'],
  );
  await Promise.all(tasks);
  assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
});

test('other workers go on beside a zombie', async (t) => {
  const pool = await start(t, { poolSize: 2, maxQueue: 1000 });
  const stuck = failure(pool.submitTask({ type: 'stuck' }), 'ERR_WORKER_LOST');
  const results = await Promise.all(
    Array.from({ length: 200 }, (_, payload) => pool.submitTask({ type: 'echo', payload })),
  );
  assert.deepEqual(
    results,
    Array.from({ length: 200 }, (_, n) => n),
  );
  await stuck;
  assert.deepEqual(pool.getWorkerStatus(1).generation, 1);
});

test('a task whose timeout came before the detection has timed out', async (t) => {
  const pool = await start(t);
  await failure(pool.submitTask({ type: 'stuck', timeout: 50 }), 'ERR_TASK_TIMEOUT');
  assert.equal(pool.getPoolMetrics().tasks.timedOut, 1);
  assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
});

test('a task that was aborted before the detection is not named', async (t) => {
  const pool = await start(t);
  const controller = new AbortController();
  const started = nextEvent(pool, 'task-started');
  const zombie = nextEvent(pool, 'zombie-detected');
  const task = failure(pool.submitTask({ type: 'stuck', signal: controller.signal }), 'ERR_TASK_ABORTED');
  await started;
  controller.abort();
  await task;
  const next = pool.submitTask({ type: 'echo', payload: 1 });
  assert.deepEqual((await zombie).tasks, []);
  assert.equal(await next, 1);
});

test('the task of a zombie becomes a dead letter, and counts as a failure for its circuit breaker', async (t) => {
  const pool = await start(t, { circuitBreaker: { failureThreshold: 1, resetTimeout: 60_000 } });
  await failure(pool.submitTask({ type: 'stuck', id: 'it' }), 'ERR_WORKER_LOST');
  assert.deepEqual(
    pool.getDeadLetterQueue().map(({ id, error, errors }) => [id, error.code, errors[0].workerId]),
    [['it', 'ERR_WORKER_LOST', 0]],
  );
  await failure(pool.submitTask({ type: 'stuck' }), 'ERR_CIRCUIT_OPEN');
});

test('at maxAbandonedWorkers a zombie is not replaced until it comes back or restartWorker is called', async (t) => {
  const pool = await start(t, { maxAbandonedWorkers: 1 });
  const down = nextEvent(pool, 'worker-down');
  const tasks = ['stuck', 'echo'].map((type) => failure(pool.submitTask({ type }), 'ERR_WORKER_LOST'));
  await Promise.all(tasks);
  assert.deepEqual(await down, { workerId: 0, failures: 1 });
  await failure(pool.submitTask({ type: 'echo' }), 'ERR_WORKER_LOST');
  const { status, capacity, alerts } = pool.getHealth();
  assert.deepEqual([status, capacity], ['critical', 0]);
  assert.equal(alerts.at(-1).reason, 'abandoned-limit');
  await pool.restartWorker(0);
  assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
  await backAgain(pool);
  assert.deepEqual(pool.getHealth(), { status: 'healthy', capacity: 1, alerts: [] });
});

test('with autoRestart: false a zombie is not replaced', async (t) => {
  const pool = await start(t, { autoRestart: false });
  const down = nextEvent(pool, 'worker-down');
  await failure(pool.submitTask({ type: 'stuck' }), 'ERR_WORKER_LOST');
  assert.equal((await down).workerId, 0);
  assert.equal(pool.getAllWorkersStatus()[0].state, 'down');
});

for (const [name, graceful] of [
  ['a graceful shutdown', true],
  ['an immediate shutdown', false],
]) {
  test(`${name} does not wait for a zombie`, async (t) => {
    const pool = await start(t);
    await failure(pool.submitTask({ type: 'stuck' }), 'ERR_WORKER_LOST');
    const last = pool.submitTask({ type: 'echo', payload: 1 });
    const settled = graceful ? last : failure(last, 'ERR_POOL_CLOSED');
    await pool.shutdown(graceful);
    await settled;
    assert.deepEqual(gauges(pool), { zombies: 1, abandoned: 1, total: 0 });
  });
}

test('a worker that gets stuck during a shutdown does not block it', async (t) => {
  for (const graceful of [true, false]) {
    const pool = await start(t);
    const started = nextEvent(pool, 'task-started');
    const task = failure(pool.submitTask({ type: 'stuck' }), graceful ? 'ERR_WORKER_LOST' : 'ERR_POOL_CLOSED');
    await started;
    await pool.shutdown(graceful);
    await task;
    assert.equal(pool.getPoolMetrics().workers.total, 0);
  }
});

test('the process can exit while one of its threads is stuck', async () => {
  const child = ended(
    await runBody(`
    const code = 'return "a".repeat(2 ** 22).lastIndexOf("a".repeat(2 ** 16) + "b")';
    const pool = await start({ zombieThresholdMs: 500 });
    await pool.submitTask({ type: 'javascript', code }).catch((error) => say(error.code));
    await pool.shutdown();
    say(pool.getPoolMetrics().workers.zombies);
  `),
  );
  assert.deepEqual(child.said, ['ERR_WORKER_LOST', 1]);
});
