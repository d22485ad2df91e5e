'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

const figures = (text) =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );

describe('prometheus()', () => {
  test('gives the metrics of a known run', async (t) => {
    const workerScript = script('export default { fail() { throw new Error("no"); }, ok: () => 1 }');
    const pool = await withPool(t, { poolSize: 2, maxWorkers: 2, workerScript });
    for (let n = 0; n < 3; n++) await pool.submitTask({ type: 'ok' });
    await failure(pool.submitTask({ type: 'fail' }), 'ERR_TASK_FAILED');
    const found = figures(await pool.prometheus());
    const expected = {
      isolane_tasks_submitted_total: 4,
      'isolane_tasks_ended_total{outcome="completed"}': 3,
      'isolane_tasks_ended_total{outcome="failed"}': 1,
      'isolane_tasks_ended_total{outcome="aborted"}': 0,
      'isolane_tasks{state="running"}': 0,
      isolane_dead_letters: 1,
      isolane_queue_limit: 200,
      isolane_workers_wanted: 2,
      'isolane_workers{state="ready"}': 2,
      isolane_workers_spawned_total: 2,
      isolane_zombies_detected_total: 0,
      'isolane_memory_limit_bytes{worker="1"}': 128 * 2 ** 20,
      isolane_capacity: 1,
      'isolane_health{state="healthy"}': 1,
      'isolane_health{state="critical"}': 0,
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(found.get(name), value, name);
    assert.ok(found.get('isolane_task_run_seconds{quantile="0.99"}') > 0);
    assert.ok(found.get('isolane_heap_used_bytes{worker="0"}') > 100_000);
  });

  test('shows an open circuit breaker', async (t) => {
    const workerScript = script('export default { fail() { throw new Error("no"); } }');
    const pool = await withPool(t, { workerScript, circuitBreaker: { failureThreshold: 1 } });
    await failure(pool.submitTask({ type: 'fail' }), 'ERR_TASK_FAILED');
    const found = figures(await pool.prometheus());
    assert.equal(found.get('isolane_circuit_open{type="fail"}'), 1);
    assert.equal(found.get('isolane_circuits_opened_total'), 1);
  });

  test('adds labels to every metric', async (t) => {
    const pool = await withPool(t);
    const found = figures(await pool.prometheus({ labels: { pool: 'a' } }));
    for (const name of found.keys()) assert.match(name, /pool="a"/);
  });

  test('can be called repeatedly, also on a closed pool', async (t) => {
    const pool = await withPool(t);
    await pool.prometheus();
    await pool.shutdown();
    assert.equal(figures(await pool.prometheus()).get('isolane_workers_wanted'), 1);
  });

  test('refuses what is not an object of labels', async (t) => {
    const pool = await withPool(t);
    await failure(pool.prometheus({ labels: 'a' }), 'ERR_INVALID_ARG');
    await failure(pool.prometheus({ label: {} }), 'ERR_INVALID_ARG');
  });
});
