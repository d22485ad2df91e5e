'use strict';

// What the other side cannot read costs its own task alone.

const assert = require('node:assert/strict');
const { test } = require('./support/test.js');
const { withPool } = require('./support/pool.js');

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
