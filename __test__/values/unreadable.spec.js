'use strict';

// A value that the other side cannot read fails its own task only.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, withPool } = require('../support/pool.js');

test('a frozen error with a cause settles its task, and the tasks beside it', async (t) => {
  const pool = await withPool(t);
  const code = 'throw Object.freeze(new Error("x", { cause: 1 }))';
  const [failed, good] = await pool.submitTasks([
    { type: 'javascript', code, maxRetries: 0 },
    { type: 'javascript', code: 'return 1' },
  ]);
  assert.equal(failed.status, 'rejected');
  assert.match(failed.reason.code, /^ERR_(TASK_FAILED|DATA_CLONE)$/);
  assert.deepEqual(good, { status: 'fulfilled', value: 1 });
});

test('an array of a few bytes cannot allocate the memory of this process', async (t) => {
  const pool = await withPool(t);
  const sparse = 'const make = () => { const a = []; a[4e9] = 1; delete a[4e9]; a.length = 33554432; return a; };';
  for (const end of ['return make()', 'return Array.from({ length: 64 }, make)']) {
    await failure(pool.submitTask({ type: 'javascript', code: `${sparse} ${end}` }), 'ERR_DATA_CLONE');
  }
  const code = `${sparse} throw Object.assign(new Error('x'), { a: make() })`;
  await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
  const payload = [];
  payload.length = 33_554_432;
  const inputs = { payload };
  await failure(pool.submitTask({ type: 'javascript', code: 'return 1', inputs }), 'ERR_DATA_CLONE');
  assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1' }), 1);
});

test('sparse arrays arrive when they are short, or so long that V8 allocates nothing for the holes', async (t) => {
  const pool = await withPool(t);
  for (const length of [100_000, 4_000_000, 2 ** 32 - 1]) {
    const code = `const a = []; a[4e9] = 1; delete a[4e9]; a[5] = 1; a.length = ${length}; return a`;
    const back = await pool.submitTask({ type: 'javascript', code });
    assert.deepEqual([back.length, Object.keys(back)], [length, ['5']]);
  }
});
