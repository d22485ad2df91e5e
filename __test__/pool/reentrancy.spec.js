'use strict';

// Getters of a payload run while its task is written behind the tasks before it. They may call any method of the pool.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

const HANDLERS = script('export default { echo: (value) => value };');
const echo = (payload) => ({ type: 'echo', payload });
const WORDS = 'x'.repeat(2000);

/** Submits tasks of at least that many bytes, which are not flushed yet. */
const before = (pool, bytes) =>
  Array.from({ length: Math.ceil(bytes / WORDS.length) }, (_, i) => pool.submitTask(echo({ i, WORDS })));

const payloadThat = (act) => ({
  first: 1,
  get middle() {
    act();
    return 2;
  },
  last: 3,
});

/** Asserts that the tasks before, the one with the getter and one after it have the right results. */
async function allArrive(pool, act, bytes) {
  const earlier = before(pool, bytes);
  const read = pool.submitTask(echo(payloadThat(act)));
  const later = pool.submitTask(echo('later'));
  assert.deepEqual(await Promise.all(earlier.map(async (task) => (await task).i)), [...earlier.keys()]);
  assert.deepEqual(await read, { first: 1, middle: 2, last: 3 });
  assert.equal(await later, 'later');
}

for (const bytes of [0, 4000, 7000, 8000]) {
  test(`a getter submits tasks, behind ${bytes} bytes`, async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const inner = [];
    await allArrive(pool, () => inner.push(...before(pool, 12_000)), bytes);
    assert.deepEqual(await Promise.all(inner.map(async (task) => (await task).i)), [...inner.keys()]);
  });

  test(`a getter calls methods that flush the submission, behind ${bytes} bytes`, async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const act = () => {
      assert.equal(pool.needsDrain, false);
      pool.pause();
      pool.resume();
    };
    await allArrive(pool, act, bytes);
  });

  test(`a getter aborts a task before it, behind ${bytes} bytes`, async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    pool.pause();
    const controller = new AbortController();
    const aborted = failure(pool.submitTask({ ...echo(1), signal: controller.signal }), 'ERR_TASK_ABORTED');
    const arrival = allArrive(pool, () => controller.abort(), bytes);
    await aborted;
    pool.resume();
    await arrival;
  });

  test(`a getter submits tasks and throws, behind ${bytes} bytes`, async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    let inner;
    const payload = payloadThat(() => {
      inner = before(pool, 12_000);
      throw new Error('no');
    });
    const earlier = before(pool, bytes);
    await failure(pool.submitTask(echo(payload)), 'ERR_DATA_CLONE');
    await Promise.all([...earlier, ...inner]);
    assert.equal(await pool.submitTask(echo('later')), 'later');
  });
}
