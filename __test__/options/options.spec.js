'use strict';

// Options of a wrong type or range: ERR_INVALID_ARG has the option, the value and what is allowed.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { createWorkerPool } = require('../..');
const { failure, withPool } = require('../support/pool.js');

const notANumber = ['4', null, true, {}, [], () => {}, 5n, Symbol('s'), NaN];
const duration = [...notANumber, -1, -Infinity];
const count = [...notANumber, -1, 1.5, Infinity];

const wrong = {
  poolSize: [...count, 0, 1025],
  minWorkers: [...count, 1025],
  maxWorkers: [...count, 0, 1025],
  autoScale: [1, 'true', null, [], () => {}, { cooldwon: 1 }],
  workerScript: [
    5,
    null,
    true,
    '',
    [],
    {},
    { code: 5 },
    { filename: 'a.mjs' },
    { code: '', other: 1 },
    { code: '', filename: 5 },
    { code: '', filename: '' },
    new URL('https://example.com/a.mjs'),
  ],
  workerMemoryLimitMB: [...notANumber, 0, -1, 15, Infinity],
  workerRestartMemoryMB: [...notANumber, 0, -1, 129],
  tasksPerWorker: [...count, 0],
  isolation: ['none', 5, null, ''],
  heartbeatInterval: [...duration, 0],
  zombieThresholdMs: [...duration, 0],
  taskTimeout: [...duration, 0],
  queueTimeout: [...duration, 0],
  maxTaskRetries: count,
  retryBackoffMs: duration,
  maxBackoffMs: duration,
  retryJitter: [...notANumber, -0.1, 1.1],
  maxQueue: [...count],
  loadBalancing: ['random', 5, null, ''],
  autoRestart: [1, 'true', null],
  maxRestartAttempts: [...count, 0],
  restartCooldownMs: duration,
  maxTasksPerWorker: [...count, 0],
  maxDeadLetters: [...count, 1_000_001],
  maxAbandonedWorkers: [...count, 0, 1_000_001],
  circuitBreaker: [5, 'a', true, null, [], () => {}, { failures: 1 }],
  env: [5, 'a', null, [], () => {}],
  console: ['stdout', 5, null, true, ''],
  shutdownTimeout: duration,
  permissions: [5, null, 'all'],
  host: [5, null, 'all'],
};

for (const [option, values] of Object.entries(wrong)) {
  describe(option, () => {
    for (const value of values) {
      test(`${typeof value} ${show(value)} is refused`, async () => {
        const error = await failure(createWorkerPool({ poolSize: 1, [option]: value }), 'ERR_INVALID_ARG');
        assert.ok(error.message.startsWith(option), error.message);
        assert.ok(error.field.startsWith(option), error.field);
        assert.match(error.message, / must be .+, got .+/);
      });
    }
  });
}

const wrongInside = {
  'autoScale.scaleUpQueueDepth': [...count, 0],
  'autoScale.idleTimeout': duration,
  'autoScale.cooldown': duration,
  'circuitBreaker.failureThreshold': [...count, 0, 1_000_001],
  'circuitBreaker.resetTimeout': [...duration, 0],
};

for (const [field, values] of Object.entries(wrongInside)) {
  const [option, name] = field.split('.');
  test(`${field}: the error has the full path`, async () => {
    for (const value of values) {
      const error = await failure(createWorkerPool({ poolSize: 1, [option]: { [name]: value } }), 'ERR_INVALID_ARG');
      assert.deepEqual([error.field, error.value], [field, value]);
      assert.ok(error.message.startsWith(`${field} must be a`), error.message);
    }
  });
}

function show(value) {
  if (Array.isArray(value) || (typeof value === 'object' && value !== null && !(value instanceof URL)))
    return JSON.stringify(value);
  return String(value);
}

test('the message has the value and the bounds', async () => {
  const error = await failure(createWorkerPool({ poolSize: 5000 }), 'ERR_INVALID_ARG');
  assert.match(error.message, /poolSize.*1 to 1024.*5000/);
  assert.deepEqual([error.field, error.value], ['poolSize', 5000]);
});

test('options that are not an object are refused', async () => {
  for (const options of [null, 5, 'a', [], true]) await failure(createWorkerPool(options), 'ERR_INVALID_ARG');
});

test('unknown options are reported with the known ones', async () => {
  const error = await failure(createWorkerPool({ poolsize: 2 }), 'ERR_INVALID_ARG');
  assert.match(error.message, /poolsize/);
  assert.match(error.message, /poolSize/);
});

test('unknown names inside an option are reported with the known ones', async () => {
  for (const [options, names] of [
    [{ autoScale: { cooldwon: 1 } }, /^autoScale .*cooldown, idleTimeout, scaleUpQueueDepth.*"cooldwon"/],
    [{ circuitBreaker: { threshold: 1 } }, /^circuitBreaker .*failureThreshold, resetTimeout.*"threshold"/],
  ]) {
    assert.match((await failure(createWorkerPool(options), 'ERR_INVALID_ARG')).message, names);
  }
});

test('options that contradict each other are refused', async () => {
  for (const [options, names] of [
    [{ poolSize: 3, maxWorkers: 2 }, /poolSize.*maxWorkers/],
    [{ poolSize: 1, minWorkers: 2 }, /poolSize.*minWorkers/],
    [{ poolSize: 1, minWorkers: 3, maxWorkers: 2 }, /minWorkers|maxWorkers/],
    [{ poolSize: 1, workerMemoryLimitMB: 64, workerRestartMemoryMB: 65 }, /workerRestartMemoryMB.*workerMemoryLimitMB/],
    [
      { isolation: 'isolate', tasksPerWorker: 2 },
      /^isolation must be "shared" or "context" where tasksPerWorker is 2: /,
    ],
  ]) {
    assert.match((await failure(createWorkerPool(options), 'ERR_INVALID_ARG')).message, names);
  }
});

test('the default poolSize is clamped to minWorkers and maxWorkers', async (t) => {
  assert.equal((await withPool(t, { poolSize: undefined, maxWorkers: 1 })).size, 1);
  const min = require('node:os').availableParallelism() + 1;
  assert.equal((await withPool(t, { poolSize: undefined, minWorkers: min })).size, min);
});

test('an undefined option is treated as absent', async (t) => {
  const pool = await withPool(t, { maxQueue: undefined, workerScript: undefined, env: undefined });
  assert.equal(pool.getPoolMetrics().queue.maxQueue, 400);
});

test('the error of an env that cannot be cloned has the path', async () => {
  const error = await failure(createWorkerPool({ poolSize: 1, env: { a: { fn() {} } } }), 'ERR_INVALID_ARG');
  assert.match(error.message, /env\.a\.fn/);
});

test('the smallest and largest allowed values work', async (t) => {
  const pool = await withPool(t, {
    minWorkers: 1,
    maxWorkers: 1024,
    workerMemoryLimitMB: 16,
    tasksPerWorker: 100_000,
    taskTimeout: Infinity,
    queueTimeout: Infinity,
    zombieThresholdMs: Infinity,
    maxBackoffMs: 0,
    retryBackoffMs: 0,
    maxQueue: Number.MAX_SAFE_INTEGER,
    shutdownTimeout: Infinity,
    retryJitter: 1,
    maxRestartAttempts: 1_000_000,
    maxTasksPerWorker: Number.MAX_SAFE_INTEGER,
    heartbeatInterval: 1,
    restartCooldownMs: 0,
    maxDeadLetters: 1_000_000,
    maxAbandonedWorkers: 1_000_000,
    autoScale: { scaleUpQueueDepth: Number.MAX_SAFE_INTEGER, idleTimeout: Infinity, cooldown: Infinity },
    circuitBreaker: { failureThreshold: 1_000_000, resetTimeout: Infinity },
  });
  assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1' }), 1);
  await pool.shutdown();
});
