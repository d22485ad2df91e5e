'use strict';

// The option `circuitBreaker`: each type of task has a breaker, which is closed, open or half open.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, HOLD, nextEvent, nextTurn, record, script, withPool } = require('../support/pool.js');

const HANDLERS = script(`
  let works = false;
  const run = (fails) => { if (fails ?? !works) throw new Error('no'); return 'yes'; };
  export default {
    ${HOLD}
    run,
    other: run,
    repair() { works = true; },
    bad: () => () => {},
    hog() { const all = []; for (;;) all.push({}); },
    at: () => Date.now(),
  };
`);
const [FAIL, WORK] = [
  { type: 'run', payload: true },
  { type: 'run', payload: false },
];
const HOUR = 3_600_000;
/** Long enough to observe an open breaker on a busy machine, and short enough to wait for. */
const RESET = 250;

const start = (t, circuitBreaker, options) => withPool(t, { workerScript: HANDLERS, circuitBreaker, ...options });

async function fail(pool, times, task = FAIL) {
  for (let i = 0; i < times; i++) await failure(pool.submitTask(task), 'ERR_TASK_FAILED');
}

const breakers = (pool) => pool.getPoolMetrics().circuitBreakers;
const states = (pool) => breakers(pool).map(({ type, state, failures }) => [type, state, failures]);

/** Waits until the breaker would let a task through. */
async function halfOpen(pool) {
  const { retryAfterMs } = await failure(pool.submitTask(WORK), 'ERR_CIRCUIT_OPEN');
  await new Promise((resolve) => setTimeout(resolve, retryAfterMs + 2));
}

test('from the threshold on, tasks of the type are refused with ERR_CIRCUIT_OPEN', async (t) => {
  const pool = await start(t, { failureThreshold: 3, resetTimeout: HOUR });
  await fail(pool, 3);
  const error = await failure(pool.submitTask({ ...WORK, id: 'it' }), 'ERR_CIRCUIT_OPEN');
  assert.deepEqual([error.taskId, error.type, error.attempts], ['it', 'run', 0]);
  assert.ok(error.retryAfterMs > HOUR - 60_000 && error.retryAfterMs <= HOUR, String(error.retryAfterMs));
  assert.match(error.message, /"run"/);
  const { tasks } = pool.getPoolMetrics();
  assert.deepEqual([tasks.failed, tasks.rejected, tasks.submitted], [3, 1, 4]);
});

test('other types are not affected and have breakers of their own', async (t) => {
  const pool = await start(t, { failureThreshold: 2, resetTimeout: HOUR });
  await fail(pool, 1, { type: 'other', payload: true });
  await fail(pool, 2);
  await failure(pool.submitTask(WORK), 'ERR_CIRCUIT_OPEN');
  assert.equal(await pool.submitTask({ type: 'at' }).then(Number.isInteger), true);
  assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1' }), 1);
  assert.deepEqual(states(pool), [
    ['other', 'closed', 1],
    ['run', 'open', 2],
  ]);
  await fail(pool, 1, { type: 'other', payload: true });
  await failure(pool.submitTask({ type: 'other' }), 'ERR_CIRCUIT_OPEN');
});

test('javascript and filter are types, whatever their scope', async (t) => {
  const pool = await start(t, { failureThreshold: 2, resetTimeout: HOUR });
  await fail(pool, 1, { type: 'javascript', code: 'throw 1' });
  await fail(pool, 1, { type: '@mine/javascript', code: 'throw 2' });
  await failure(pool.submitTask({ type: 'javascript', code: 'return 1' }), 'ERR_CIRCUIT_OPEN');
  assert.equal(await pool.submitTask({ type: 'filter', code: 'true', inputs: 5 }), 5);
});

test('without the option no task is refused', async (t) => {
  const pool = await start(t, undefined);
  await fail(pool, 30);
  assert.equal(await pool.submitTask(WORK), 'yes');
  assert.deepEqual(breakers(pool), []);
});

test('the default threshold is 10, and the default reset time 30 s', async (t) => {
  const pool = await start(t, {});
  await fail(pool, 10);
  const { retryAfterMs } = await failure(pool.submitTask(WORK), 'ERR_CIRCUIT_OPEN');
  assert.ok(retryAfterMs > 20_000 && retryAfterMs <= 30_000, String(retryAfterMs));
});

test('a success resets the count', async (t) => {
  const pool = await start(t, { failureThreshold: 3, resetTimeout: HOUR });
  for (let i = 0; i < 4; i++) {
    await fail(pool, 2);
    assert.deepEqual(states(pool), [['run', 'closed', 2]]);
    assert.equal(await pool.submitTask(WORK), 'yes');
    assert.deepEqual(states(pool), []);
  }
  await fail(pool, 3);
  await failure(pool.submitTask(WORK), 'ERR_CIRCUIT_OPEN');
});

describe('counts as a failure:', () => {
  for (const [name, code, task] of [
    ['a timeout', 'ERR_TASK_TIMEOUT', { type: 'pending', timeout: 5 }],
    ['a memory limit', 'ERR_MEMORY_LIMIT', { type: 'hog' }],
  ]) {
    test(name, async (t) => {
      const pool = await start(t, { failureThreshold: 1, resetTimeout: HOUR }, { workerMemoryLimitMB: 32 });
      await failure(pool.submitTask(task), code);
      await failure(pool.submitTask(task), 'ERR_CIRCUIT_OPEN');
      assert.deepEqual(states(pool), [[task.type, 'open', 1]]);
    });
  }

  test('each attempt of a task', async (t) => {
    const pool = await start(t, { failureThreshold: 3, resetTimeout: HOUR });
    await fail(pool, 1, { ...FAIL, maxRetries: 2, retryBackoffMs: 1 });
    await failure(pool.submitTask(WORK), 'ERR_CIRCUIT_OPEN');
  });
});

describe('counts neither as success nor as failure:', () => {
  for (const [name, code, task] of [
    ['a type without a handler', 'ERR_NO_HANDLER', { type: 'none' }],
    ['a syntax error', 'ERR_TASK_FAILED', { type: 'javascript', code: '(' }],
    ['a result that cannot be cloned', 'ERR_DATA_CLONE', { type: 'bad' }],
    ['a payload that cannot be cloned', 'ERR_DATA_CLONE', { type: 'run', payload: () => {} }],
  ]) {
    test(name, async (t) => {
      const pool = await start(t, { failureThreshold: 1, resetTimeout: HOUR });
      for (let i = 0; i < 3; i++) await failure(pool.submitTask(task), code);
      assert.deepEqual(states(pool), []);
    });
  }

  test('an abort, of a running and of a waiting task', async (t) => {
    const pool = await start(t, { failureThreshold: 1, resetTimeout: HOUR });
    const controller = new AbortController();
    const started = nextEvent(pool, 'task-started');
    const tasks = ['hold', 'run'].map((type) =>
      failure(pool.submitTask({ type, signal: controller.signal }), 'ERR_TASK_ABORTED'),
    );
    await started;
    controller.abort();
    await Promise.all(tasks);
    assert.deepEqual(states(pool), []);
    assert.equal(await pool.submitTask(WORK), 'yes');
  });

  test('a queue timeout', async (t) => {
    const pool = await start(t, { failureThreshold: 1, resetTimeout: HOUR });
    pool.pause();
    await failure(pool.submitTask({ ...WORK, queueTimeout: 5 }), 'ERR_QUEUE_TIMEOUT');
    pool.resume();
    assert.equal(await pool.submitTask(WORK), 'yes');
  });
});

describe('half open', () => {
  test('a success closes the breaker', async (t) => {
    const pool = await start(t, { failureThreshold: 2, resetTimeout: RESET });
    await fail(pool, 2);
    await halfOpen(pool);
    assert.deepEqual(states(pool), [['run', 'half-open', 2]]);
    assert.equal(breakers(pool)[0].retryAfterMs, 0);
    assert.equal(await pool.submitTask(WORK), 'yes');
    assert.deepEqual(states(pool), []);
    await fail(pool, 1);
    assert.equal(await pool.submitTask(WORK), 'yes');
  });

  test('a failure opens it again, at once and for the whole time', async (t) => {
    const pool = await start(t, { failureThreshold: 2, resetTimeout: RESET });
    const opened = record(pool, 'circuit-open');
    await fail(pool, 2);
    await halfOpen(pool);
    await fail(pool, 1);
    const { retryAfterMs } = await failure(pool.submitTask(WORK), 'ERR_CIRCUIT_OPEN');
    assert.ok(retryAfterMs > 0 && retryAfterMs <= RESET, String(retryAfterMs));
    await nextTurn();
    assert.deepEqual(
      opened.map(([, { failures }]) => failures),
      [2, 3],
    );
  });

  test('only one task runs until it has ended', async (t) => {
    const pool = await start(t, { failureThreshold: 1, resetTimeout: RESET }, { poolSize: 2 });
    const code = 'throw 1';
    await fail(pool, 1, { type: 'javascript', code });
    const { retryAfterMs } = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_CIRCUIT_OPEN');
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs + 2));
    const started = nextEvent(pool, 'task-started');
    const slow = 'await new Promise((r) => setTimeout(r, 60)); return 1';
    const probe = pool.submitTask({ type: 'javascript', code: slow });
    await started;
    for (let i = 0; i < 3; i++) {
      await failure(pool.submitTask({ type: 'javascript', code: 'return 2' }), 'ERR_CIRCUIT_OPEN');
    }
    assert.deepEqual(states(pool), [['javascript', 'half-open', 1]]);
    assert.equal(await probe, 1);
    assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 3' }), 3);
  });

  test('of many tasks that are submitted at once, one runs as the probe', async (t) => {
    const pool = await start(t, { failureThreshold: 1, resetTimeout: RESET }, { poolSize: 2 });
    await fail(pool, 1);
    await halfOpen(pool);
    const results = await pool.submitTasks(Array.from({ length: 5 }, () => ({ ...FAIL })));
    assert.deepEqual(
      results.map(({ reason }) => reason.code),
      ['ERR_TASK_FAILED', ...Array(4).fill('ERR_CIRCUIT_OPEN')],
    );
  });

  test('a probe that is aborted makes room for another', async (t) => {
    const pool = await start(t, { failureThreshold: 1, resetTimeout: RESET });
    await failure(pool.submitTask({ type: 'hold', timeout: 5 }), 'ERR_TASK_TIMEOUT');
    const { retryAfterMs } = await failure(pool.submitTask({ type: 'hold' }), 'ERR_CIRCUIT_OPEN');
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs + 2));
    for (let i = 0; i < 2; i++) {
      const controller = new AbortController();
      const started = nextEvent(pool, 'task-started');
      const probe = failure(pool.submitTask({ type: 'hold', signal: controller.signal }), 'ERR_TASK_ABORTED');
      await started;
      controller.abort();
      await probe;
      assert.deepEqual(states(pool), [['hold', 'half-open', 1]]);
    }
  });
});

describe('a retry', () => {
  test('waits for the breaker that its own failure opened, and closes it', async (t) => {
    const pool = await withPool(t, {
      circuitBreaker: { failureThreshold: 1, resetTimeout: RESET },
      workerScript: script(
        'export default (at, { attempt }) => { if (attempt === 1) throw 1; return [attempt, Date.now()]; }',
      ),
    });
    const seen = record(pool, 'circuit-open', 'circuit-close', 'task-retried');
    const before = Date.now();
    const [attempt, at] = await pool.submitTask({ type: 'x', maxRetries: 1, retryBackoffMs: 1 });
    assert.equal(attempt, 2);
    // The two clocks may differ by a millisecond.
    assert.ok(at - before >= RESET - 1, String(at - before));
    await nextTurn();
    assert.deepEqual(seen.map(([name]) => name).sort(), ['circuit-close', 'circuit-open', 'task-retried']);
    assert.equal(pool.getPoolMetrics().tasks.completed, 1);
  });

  test('of many tasks: all run once the type works again', async (t) => {
    const pool = await start(
      t,
      { failureThreshold: 3, resetTimeout: 60 },
      { poolSize: 1, tasksPerWorker: 4, maxTaskRetries: 1000, retryBackoffMs: 1, maxBackoffMs: 5 },
    );
    const tasks = Array.from({ length: 3 }, () => pool.submitTask({ type: 'run' }));
    await nextEvent(pool, 'circuit-open');
    await pool.submitTask({ type: 'repair' });
    assert.deepEqual(await Promise.all(tasks), ['yes', 'yes', 'yes']);
    assert.deepEqual(states(pool), []);
  });

  test('can be aborted while the breaker delays it, and does not block a shutdown for ever', async (t) => {
    const pool = await start(t, { failureThreshold: 1, resetTimeout: HOUR }, { shutdownTimeout: 50 });
    const controller = new AbortController();
    const retry = { type: 'run', maxRetries: 1, retryBackoffMs: 1 };
    const opened = nextEvent(pool, 'circuit-open');
    const aborted = failure(pool.submitTask({ ...retry, signal: controller.signal }), 'ERR_TASK_ABORTED');
    const left = failure(pool.submitTask({ ...retry, type: 'other' }), 'ERR_POOL_CLOSED');
    await opened;
    controller.abort();
    await aborted;
    await pool.shutdown();
    await left;
  });
});

test('tasks that waited when it opened fail without running', async (t) => {
  const pool = await start(t, { failureThreshold: 2, resetTimeout: HOUR });
  const started = record(pool, 'task-started');
  const results = await pool.submitTasks(Array.from({ length: 6 }, () => ({ ...FAIL })));
  assert.deepEqual(
    results.map(({ reason }) => reason.code),
    ['ERR_TASK_FAILED', 'ERR_TASK_FAILED', ...Array(4).fill('ERR_CIRCUIT_OPEN')],
  );
  assert.ok(results.slice(2).every(({ reason }) => reason.retryAfterMs > 0 && reason.attempts === 0));
  await nextTurn();
  assert.equal(started.length, 2);
});

test('tasks that started before it opened do not count afterwards', async (t) => {
  const pool = await start(t, { failureThreshold: 1, resetTimeout: HOUR }, { tasksPerWorker: 3 });
  const code = (then) => `await new Promise((r) => setTimeout(r, 40)); ${then}`;
  const tasks = [
    pool.submitTask({ type: 'javascript', code: code('return 1') }),
    pool.submitTask({ type: 'javascript', code: code('throw 2') }),
    pool.submitTask({ type: 'javascript', code: 'throw 3' }),
  ];
  const opened = record(pool, 'circuit-open', 'circuit-close');
  assert.deepEqual(
    (await Promise.allSettled(tasks)).map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected'],
  );
  await nextTurn();
  assert.deepEqual(
    opened.map(([name]) => name),
    ['circuit-open'],
  );
  assert.deepEqual(states(pool), [['javascript', 'open', 1]]);
});

test('circuit-open and circuit-close are emitted once for each change', async (t) => {
  const pool = await start(t, { failureThreshold: 2, resetTimeout: RESET });
  const seen = record(pool, 'circuit-open', 'circuit-close');
  await fail(pool, 2);
  await failure(pool.submitTask(WORK), 'ERR_CIRCUIT_OPEN');
  await halfOpen(pool);
  await pool.submitTask(WORK);
  await pool.submitTask(WORK);
  await nextTurn();
  assert.deepEqual(seen, [
    ['circuit-open', { type: 'run', failures: 2, retryAfterMs: RESET }],
    ['circuit-close', { type: 'run' }],
  ]);
});

test('health is degraded while it is open, and says which and why', async (t) => {
  const pool = await start(t, { failureThreshold: 2, resetTimeout: RESET });
  await fail(pool, 1);
  assert.deepEqual(pool.getHealth(), { status: 'healthy', capacity: 1, alerts: [] });
  await fail(pool, 1);
  const { status, capacity, alerts } = pool.getHealth();
  assert.deepEqual([status, capacity], ['degraded', 1]);
  const [{ message, retryAfterMs, ...alert }, ...others] = alerts;
  assert.deepEqual([alert, others], [{ reason: 'circuit-open', type: 'run' }, []]);
  assert.match(message, /run.*2 failures/);
  assert.ok(retryAfterMs > 0 && retryAfterMs <= RESET, String(retryAfterMs));
  await halfOpen(pool);
  assert.equal(pool.getHealth().status, 'healthy');
});

test('a dead letter that a breaker refuses stays', async (t) => {
  const pool = await start(t, { failureThreshold: 1, resetTimeout: HOUR });
  await failure(pool.submitTask({ ...FAIL, id: 'it' }), 'ERR_TASK_FAILED');
  await failure(pool.retryDeadLetter('it'), 'ERR_CIRCUIT_OPEN');
  assert.deepEqual(
    pool.getDeadLetterQueue().map(({ id, error }) => [id, error.code]),
    [['it', 'ERR_TASK_FAILED']],
  );
});

describe('wrong values name their field', () => {
  for (const [name, circuitBreaker, field] of [
    ['true', true, 'circuitBreaker'],
    ['null', null, 'circuitBreaker'],
    ['a number', 5, 'circuitBreaker'],
    ['an array', [], 'circuitBreaker'],
    ['a threshold of 0', { failureThreshold: 0 }, 'circuitBreaker.failureThreshold'],
    ['a threshold of 1.5', { failureThreshold: 1.5 }, 'circuitBreaker.failureThreshold'],
    ['a threshold that is text', { failureThreshold: '5' }, 'circuitBreaker.failureThreshold'],
    ['a reset time of 0', { resetTimeout: 0 }, 'circuitBreaker.resetTimeout'],
    ['a reset time that is NaN', { resetTimeout: NaN }, 'circuitBreaker.resetTimeout'],
    ['a reset time of null', { resetTimeout: null }, 'circuitBreaker.resetTimeout'],
  ]) {
    test(name, async (t) => {
      const error = await failure(withPool(t, { circuitBreaker }), 'ERR_INVALID_ARG');
      assert.equal(error.field, field);
      assert.match(error.message, / must be .+, got .+/);
    });
  }

  test('an unknown name is reported with the known ones', async (t) => {
    const error = await failure(withPool(t, { circuitBreaker: { threshold: 5 } }), 'ERR_INVALID_ARG');
    assert.match(error.message, /^circuitBreaker.*failureThreshold, resetTimeout.*threshold/);
  });

  test('undefined values are absent ones', async (t) => {
    const pool = await start(t, { failureThreshold: undefined, resetTimeout: Infinity });
    assert.equal(await pool.submitTask(WORK), 'yes');
  });
});
