'use strict';

// The contents of Blobs count as memory of the isolate, and are released with the task that made them.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, withPool } = require('../support/pool.js');

const LIMITS = { poolSize: 1, workerMemoryLimitMB: 64, maxTaskRetries: 0 };

/** A task that makes Blobs of 10 MB each, and holds them. */
const hold = (count) => ({
  type: 'javascript',
  code: `
    const all = [];
    for (let i = 0; i < inputs; i++) {
      all.push(new Blob([new Uint8Array(10e6)]));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return all.length`,
  inputs: count,
});

test('Blobs beyond the limit end their task, and the next task has all the memory', async (t) => {
  const pool = await withPool(t, LIMITS);
  for (let round = 0; round < 3; round++) {
    await failure(pool.submitTask(hold(20)), 'ERR_MEMORY_LIMIT');
    assert.equal(await pool.submitTask(hold(3)), 3);
  }
  assert.equal(pool.getPoolMetrics().isolates.started, 1);
});

test('Blobs of ended tasks are released', async (t) => {
  const pool = await withPool(t, LIMITS);
  for (let round = 0; round < 20; round++) assert.equal(await pool.submitTask(hold(2)), 2);
  assert.equal(pool.getPoolMetrics().isolates.started, 1);
  assert.ok(pool.getWorkerStatus(0).memory.externalMB < 40, JSON.stringify(pool.getWorkerStatus(0).memory));
});
