'use strict';

// Code tasks of the type 'filter': an expression or a function body whose truthiness decides.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, record, withPool } = require('../support/pool.js');

describe('filter', () => {
  const table = [
    ['inputs.value > config.threshold', { value: 5 }, { threshold: 1 }, { value: 5 }],
    ['inputs.value > config.threshold', { value: 0 }, { threshold: 1 }, null],
    ['inputs.value > config.threshold;', { value: 5 }, { threshold: 1 }, { value: 5 }],
    ['inputs.value > 1 // why', { value: 5 }, undefined, { value: 5 }],
    ['return inputs.value > 1', { value: 5 }, undefined, { value: 5 }],
    ['return inputs.value > 1', { value: 0 }, undefined, null],
    ['const { value } = inputs; return value', { value: 1 }, undefined, { value: 1 }],
    ['if (inputs.a) { return true }', { a: 1 }, undefined, { a: 1 }],
    ['if (inputs.a) { return true }', { a: 0 }, undefined, null],
    ['({ picked: inputs.a })', { a: 1 }, undefined, { picked: 1 }],
    ['return { picked: inputs.a }', { a: 1 }, undefined, { picked: 1 }],
    ['{ a: inputs.b }', { b: 3 }, undefined, { a: 3 }],
    ['inputs.filter((n) => n > 1)', [1, 2, 3], undefined, [2, 3]],
    ['await Promise.resolve(inputs.ok)', { ok: true }, undefined, { ok: true }],
    ['Promise.resolve(false)', { ok: true }, undefined, null],
    ['1', 'a string', undefined, 'a string'],
    ['"text"', { a: 1 }, undefined, { a: 1 }],
    ['true', undefined, undefined, undefined],
    ['true', 0, undefined, 0],
    ['() => 1', { a: 1 }, undefined, { a: 1 }],
    ['""', { a: 1 }, undefined, null],
    ['0', { a: 1 }, undefined, null],
    ['NaN', { a: 1 }, undefined, null],
    ['null', { a: 1 }, undefined, null],
    ['undefined', { a: 1 }, undefined, null],
    ['false', { a: 1 }, undefined, null],
    ['0n', { a: 1 }, undefined, null],
    ['inputs.missing?.deep', { a: 1 }, undefined, null],
    ['', { a: 1 }, undefined, null],
    ['0, inputs.a', { a: 1 }, undefined, { a: 1 }],
    ['1, 0', { a: 1 }, undefined, null],
    ['inputs.a // why; ;', { a: 1 }, undefined, { a: 1 }],
    ['inputs.a <!-- why', { a: 1 }, undefined, { a: 1 }],
    ['inputs.a;\u2028', { a: 1 }, undefined, { a: 1 }],
    ['inputs.a\u2028&& inputs.b ;; ', { a: 1, b: 0 }, undefined, null],
    ['if (inputs.a) return true; return false', { a: 0 }, undefined, null],
    ['/[)]/.test(inputs.a) && `)` === ")"', { a: ')' }, undefined, { a: ')' }],
    ['(inputs as any).a === 1', { a: 1 }, undefined, { a: 1 }],
    ['0, (inputs as any).a', { a: 1 }, undefined, { a: 1 }],
    ['const n: number = inputs.a; return n > 0', { a: 1 }, undefined, { a: 1 }],
  ];
  for (const [code, inputs, config, expected] of table) {
    test(`${JSON.stringify(code)} of ${JSON.stringify(inputs)} gives ${JSON.stringify(expected)}`, async (t) => {
      const pool = await withPool(t);
      for (const type of ['filter', '@any/filter']) {
        assert.deepEqual(await pool.submitTask({ type, code, inputs, config }), expected);
      }
    });
  }

  for (const code of [
    '1); }, console.log(1), async function () { return (7',
    '1); console.log(1); (1',
    '1) + (console.log(1)',
    '"(", 1); console.log(1); (1',
    '1 <!-- (\n); console.log(1); (1',
    ') => {}, console.log(1), (1',
    '1\n); } ); console.log(1); (function () { (1',
    'return 1 }, console.log(1), async function () {',
    '1 as any); console.log(1); (1',
    '1 as any) + (console.log(1)',
    '1, ...[console.log(1)]',
    '1, , console.log(1)',
    '1]; console.log(1); [1',
    'const n: number = 1; }, console.log(1), async function () {',
  ]) {
    test(`${JSON.stringify(code)} is neither one expression nor one body`, async (t) => {
      const pool = await withPool(t);
      const lines = record(pool, 'console');
      const error = await failure(pool.submitTask({ type: 'filter', code, inputs: 1 }), 'ERR_TASK_FAILED');
      assert.equal(error.cause.name, 'SyntaxError');
      assert.deepEqual(lines, [], 'nothing of it has run');
    });
  }

  test('inputs that the code has modified are returned modified', async (t) => {
    const pool = await withPool(t);
    const task = { type: 'filter', code: 'inputs.seen = true; return true', inputs: { a: 1 } };
    assert.deepEqual(await pool.submitTask(task), { a: 1, seen: true });
  });
});
