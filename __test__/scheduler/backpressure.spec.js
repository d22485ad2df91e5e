'use strict';

// Backpressure: a producer that is faster than the workers learns of it by `needsDrain` and events.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, test } = require('../support/test.js');
const { failure, HOLD, nextEvent, occupy, record, script, withPool } = require('../support/pool.js');

const HANDLERS = script(`export default {
  ${HOLD}
  echo: (value) => value,
  wait: async ({ ms, value }) => { await new Promise((r) => setTimeout(r, ms)); return value; },
  fail: (value) => { throw new Error('no ' + value); },
};`);

const start = (t, options) => withPool(t, { workerScript: HANDLERS, ...options });
const range = (length) => Array.from({ length }, (_, n) => n);
const echo = (payload) => ({ type: 'echo', payload });

describe('needsDrain', () => {
  test('is true from a full queue to an empty one, with an event for each', async (t) => {
    const pool = await start(t, { maxQueue: 2 });
    const seen = record(pool, 'backpressure', 'drain');
    assert.equal(pool.needsDrain, false);
    const busy = await occupy(pool);
    const first = pool.submitTask(echo(1));
    assert.equal(pool.needsDrain, false);
    const second = pool.submitTask(echo(2));
    // It flushes the tasks that were submitted just now.
    assert.equal(pool.needsDrain, true);
    await failure(pool.submitTask(echo(3)), 'ERR_QUEUE_FULL');
    const drained = nextEvent(pool, 'drain');
    await busy.release();
    await drained;
    assert.equal(pool.needsDrain, false);
    assert.deepEqual(await Promise.all([first, second]), [1, 2]);
    assert.deepEqual(seen, [
      ['backpressure', { queueDepth: 2, maxQueue: 2 }],
      ['drain', {}],
    ]);
  });

  test('stays true while the queue is shorter but not empty', async (t) => {
    const pool = await start(t, { maxQueue: 2 });
    const busy = await occupy(pool);
    const controller = new AbortController();
    const aborted = failure(pool.submitTask({ ...echo(1), signal: controller.signal }), 'ERR_TASK_ABORTED');
    const second = pool.submitTask(echo(2));
    assert.equal(pool.needsDrain, true);
    controller.abort();
    await aborted;
    assert.deepEqual([pool.needsDrain, pool.getPoolMetrics().queue.queueDepth], [true, 1]);
    await busy.release();
    await second;
    assert.equal(pool.needsDrain, false);
  });

  test('is false when the pool is closed', async (t) => {
    const pool = await start(t, { maxQueue: 1 });
    await occupy(pool);
    const waiting = failure(pool.submitTask(echo(1)), 'ERR_POOL_CLOSED');
    assert.equal(pool.needsDrain, true);
    await pool.shutdown(false);
    await waiting;
    assert.equal(pool.needsDrain, false);
  });

  test('a producer that waits for it is never refused', async (t) => {
    const pool = await start(t, { maxQueue: 5, poolSize: 2 });
    const results = [];
    for (let n = 0; n < 500; n++) {
      if (pool.needsDrain) await once(pool, 'drain');
      results.push(pool.submitTask(echo(n)));
    }
    assert.deepEqual(await Promise.all(results), range(500));
    assert.equal(pool.getPoolMetrics().tasks.rejected, 0);
  });
});
