'use strict';

// The main thread waits for a wake-up for each result or for a batch, or polls. A wake-up that is lost leaves it asleep for
// ever. The tests switch between the three as often as possible, and hang when a result is lost.

const assert = require('node:assert/strict');
const { setTimeout: sleep } = require('node:timers/promises');
const { test } = require('../support/test.js');
const { script, withPool } = require('../support/pool.js');

const HANDLERS = script(`export default {
  echo: (value) => value,
  wait: (ms) => new Promise((resolve) => setTimeout(() => resolve(ms), ms)),
};`);

function block(ms) {
  for (const end = performance.now() + ms; performance.now() < end; );
}

const numbers = (count) => Array.from({ length: count }, (_, i) => i);

const PATTERNS = {
  'one after another': async (pool) => {
    for (const i of numbers(20)) assert.equal(await pool.submitTask({ type: 'echo', payload: i }), i);
  },
  'one after another, with a pause of each length': async (pool) => {
    for (const i of numbers(5)) {
      assert.equal(await pool.submitTask({ type: 'echo', payload: i }), i);
      await sleep(i);
    }
  },
  'many in one turn': async (pool) => {
    const tasks = numbers(2000).map((i) => pool.submitTask({ type: 'echo', payload: i, priority: i % 101 }));
    assert.deepEqual(await Promise.all(tasks), numbers(2000));
  },
  'many in one call': async (pool) => {
    const results = await pool.submitTasks(numbers(3000).map((i) => ({ type: 'echo', payload: { i } })));
    assert.deepEqual(
      results.map(({ value }) => value.i),
      numbers(3000),
    );
  },
  'a thread that is blocked meanwhile': async (pool) => {
    const tasks = numbers(300).map((i) => pool.submitTask({ type: 'echo', payload: i }));
    await null;
    block(5);
    assert.deepEqual(await Promise.all(tasks), numbers(300));
  },
  'some that wait': async (pool) => {
    const tasks = numbers(8).map((i) => pool.submitTask({ type: 'wait', payload: i }));
    assert.deepEqual(await Promise.all(tasks), numbers(8));
  },
};

for (const [what, options] of Object.entries({
  'a pool of one worker': { poolSize: 1 },
  'a pool of three': { poolSize: 3, maxWorkers: 3 },
  'a pool of two with many tasks each': { poolSize: 2, tasksPerWorker: 16 },
})) {
  test(`every result arrives: ${what}`, { timeout: 60_000 }, async (t) => {
    const pool = await withPool(t, { ...options, maxQueue: 100_000, workerScript: HANDLERS });
    const runs = Object.values(PATTERNS);
    // Each client begins with another one, so that all pairs occur at the same time.
    const client = async (first) => {
      for (const i of numbers(5 * runs.length)) await runs[(first + i * (first + 1)) % runs.length](pool);
    };
    await Promise.all(numbers(4).map(client));
  });
}
