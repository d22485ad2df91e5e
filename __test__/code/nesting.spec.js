'use strict';

// Source text that is nested deeper than a parser's stack ends its own task with an error, and nothing else.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

describe('deeply nested source text', () => {
  const COUNTER = 'let n = 0; export const count = () => ++n;';
  const DEEP = 100_000;
  const table = [
    ['parentheses', `return ${'('.repeat(DEEP)}1${')'.repeat(DEEP)}`],
    ['brackets', `return ${'['.repeat(DEEP)}${']'.repeat(DEEP)}`],
    ['unclosed brackets', `return ${'[{a:'.repeat(DEEP)}`],
    ['blocks', `${'{'.repeat(DEEP)}${'}'.repeat(DEEP)}`],
    ['functions', `return ${'(() => '.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['templates', `return ${'`${'.repeat(20_000)}1${'}`'.repeat(20_000)}`],
    ['operators', `return ${'!'.repeat(DEEP)}1`],
    ['generic types', `const x: ${'Array<'.repeat(20_000)}number${'>'.repeat(20_000)} = []`],
    ['types in parentheses', `type T = ${'('.repeat(DEEP)}1${')'.repeat(DEEP)}`],
    ['blocks of TypeScript', `const n: number = 1; ${'{'.repeat(DEEP)}${'}'.repeat(DEEP)}`],
    ['blocks of TypeScript, within the stack', `const n: number = 1; ${'{'.repeat(30_000)}${'}'.repeat(30_000)}`],
    ['a sum of TypeScript', `const n: number = ${'1+'.repeat(DEEP)}1; return n`],
    ['conditions of TypeScript', `const n: number = 1; ${'if(1)'.repeat(50_000)};`],
    ['arrows of TypeScript', `const n: any = ${'a=>'.repeat(5_000)}1`],
  ];
  for (const [name, code] of table) {
    for (const type of ['javascript', 'filter']) {
      test(`of ${name} in ${type} ends its own task only`, async (t) => {
        const pool = await withPool(t, { workerScript: script(COUNTER) });
        assert.equal(await pool.submitTask({ type: 'count' }), 1);
        const outcome = await pool.submitTask({ type, code }).catch((error) => error);
        if (outcome instanceof Error) {
          assert.equal(outcome.code, 'ERR_TASK_FAILED', outcome.message);
          const { cause } = outcome;
          assert.match(`${cause.name}: ${cause.message}`, /^(RangeError: Maximum call stack|SyntaxError: )/);
        }
        assert.equal(await pool.submitTask({ type: 'count' }), 2, 'the isolate is the same');
      });
    }
  }

  test('that is too deep for the TypeScript parser has the limit in its error', async (t) => {
    const pool = await withPool(t);
    const code = `const n: number = 1;\ntype T = ${'('.repeat(DEEP)}1${')'.repeat(DEEP)}`;
    const { cause } = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
    assert.equal(cause.name, 'SyntaxError');
    assert.match(cause.message, /TypeScript: it may need \d+ MiB of stack, and the limit is 1024 MiB$/);
  });

  test('that swc parses for ever is ended by the timeout', async (t) => {
    const pool = await withPool(t, { maxTaskRetries: 0 });
    const code = `return ${'<any>('.repeat(60)}1${')'.repeat(60)}`;
    await failure(pool.submitTask({ type: 'javascript', code, timeout: 100 }), 'ERR_TASK_TIMEOUT');
    assert.equal(await pool.submitTask({ type: 'javascript', code: 'const n: number = 1; return n' }), 1);
  });
});
