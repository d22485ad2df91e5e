'use strict';

// Code tasks of the type 'javascript': the body of an async function of `inputs` and `config`.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, record, withPool } = require('../support/pool.js');

describe('javascript', () => {
  test('code is the body of an async function of inputs and config', async (t) => {
    const pool = await withPool(t);
    const run = (code, inputs, config) => pool.submitTask({ type: 'javascript', code, inputs, config });
    assert.equal(await run('return inputs.a + config.b', { a: 1 }, { b: 2 }), 3);
    assert.equal(await run('const x = await Promise.resolve(inputs); return x', 5), 5);
    assert.equal(await run('await new Promise((resolve) => setTimeout(resolve, 1)); return inputs', 6), 6);
    assert.equal(await run('inputs; // nothing is returned', 1), undefined);
    assert.deepEqual(await run('return [typeof inputs, typeof config]'), ['undefined', 'undefined']);
    assert.equal(await run('function later() { return 7 } return later()'), 7);
    assert.equal(await run('return 8 // a comment at the end'), 8);
    assert.equal(await run(''), undefined);
  });

  test('inputs and config may be reassigned and modified, with no effect on other tasks', async (t) => {
    const pool = await withPool(t);
    const task = { type: 'javascript', code: 'inputs.n++; config = inputs.n; return config', inputs: { n: 1 } };
    assert.deepEqual([await pool.submitTask(task), await pool.submitTask(task)], [2, 2]);
    assert.equal(task.inputs.n, 1);
  });

  test('needs no worker script, and may have any scope before the slash', async (t) => {
    const pool = await withPool(t);
    for (const type of ['javascript', '@anything/javascript', '@n8n/javascript', '@a b/javascript']) {
      assert.equal(await pool.submitTask({ type, code: 'return inputs', inputs: 1 }), 1, type);
    }
  });

  test('code cannot close the function that it is the body of', async (t) => {
    const pool = await withPool(t);
    const lines = record(pool, 'console');
    for (const code of [
      'return 1 }) ; (async function () { return 2',
      '} ; {',
      '})',
      '}), (async () => { return 3',
      '}, (() => { for (;;); })(), async function () {',
      '}, console.log(1), async function () {',
      '}); console.log(1); (function () {',
      'const n: number = 1; }, console.log(1), async function () {',
      '}); console.log(1 as any); (function () {',
      '// \u2028 const n: number = 1; }); console.log(1); (function () {',
    ]) {
      const error = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
      assert.equal(error.cause.name, 'SyntaxError', code);
    }
    assert.deepEqual(lines, [], 'nothing of it has run');
  });

  test('the error of code that closes its function says so', async (t) => {
    const pool = await withPool(t);
    for (const code of ['}, async function () {', 'const n: number = 1; }, async function () {']) {
      const error = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
      assert.equal(error.cause.message, 'code must be the body of one function', code);
    }
  });

  test('code cannot import, require or reach the process', async (t) => {
    const pool = await withPool(t);
    const run = (code) => pool.submitTask({ type: 'javascript', code });
    assert.deepEqual(
      await run('return [typeof require, typeof process, typeof Deno, typeof isolane, typeof __bootstrap]'),
      Array(5).fill('undefined'),
    );
    for (const specifier of [
      'node:fs',
      'fs',
      'file:///etc/passwd',
      './x.js',
      'data:text/javascript,export default 1',
      'ext:core/mod.js',
      'ext:core/ops',
    ]) {
      await failure(run(`return Object.keys(await import(${JSON.stringify(specifier)}))`), 'ERR_TASK_FAILED');
    }
  });
});
