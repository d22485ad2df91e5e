'use strict';

// The isolation that a task may ask for, given that of its pool.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

test("an isolation weaker than the pool's is refused with the allowed ones", async (t) => {
  const handlers = { workerScript: script('export default () => 1') };
  for (const [isolation, weaker, allowed] of [
    ['context', ['shared'], '"context" or "isolate"'],
    ['isolate', ['shared', 'context'], '"isolate"'],
  ]) {
    const pool = await withPool(t, { ...handlers, isolation });
    for (const asked of weaker) {
      const ask = { isolation: asked };
      for (const [where, promise] of [
        ['task', pool.submitTask({ type: 'a', ...ask })],
        ['options', pool.submitTask({ type: 'a', isolation }, ask)],
        ['task', pool.submitTask({ type: 'javascript', code: '', ...ask })],
      ]) {
        const error = await failure(promise, 'ERR_INVALID_ARG');
        const why = `the pool's isolation is "${isolation}", and a task may only ask for a stronger one`;
        assert.equal(error.message, `${where}.isolation must be ${allowed}: ${why}, got "${asked}"`);
        assert.equal(error.field, `${where}.isolation`);
        assert.equal(error.value, asked);
      }
    }
    assert.equal(await pool.submitTask({ type: 'a', isolation }), 1);
  }
});

test("isolation 'isolate' is refused when tasksPerWorker is more than 1", async (t) => {
  for (const [isolation, allowed] of [
    ['shared', '"shared" or "context"'],
    ['context', '"context"'],
  ]) {
    const pool = await withPool(t, { tasksPerWorker: 3, isolation });
    const error = await failure(
      pool.submitTask({ type: 'javascript', code: '', isolation: 'isolate' }),
      'ERR_INVALID_ARG',
    );
    assert.ok(error.message.startsWith(`task.isolation must be ${allowed} where tasksPerWorker is 3: `), error.message);
    assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1', isolation }), 1);
  }
});

test("a code task may ask for 'shared', and gets 'context'", async (t) => {
  const pool = await withPool(t);
  for (const isolation of ['shared', 'context', 'isolate'])
    assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1', isolation }), 1);
});
