'use strict';

// Errors of code tasks have the line and column in the user's source text.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, withPool } = require('../support/pool.js');

/** The first position in a stack trace, as [line, column]. */
function place(stack) {
  const found = /isolane:(?:javascript|filter)\/[^:]+:(\d+):(\d+)/.exec(stack);
  assert.ok(found, `no place in ${stack}`);
  return [Number(found[1]), Number(found[2])];
}

async function thrownBy(t, task) {
  const pool = await withPool(t);
  const { cause } = await failure(pool.submitTask(task), 'ERR_TASK_FAILED');
  return cause;
}

const thrown = [
  ['on the first line', 'throw new Error("no")', [1, 7]],
  ['on a later line', 'const a = 1;\n\n    throw new Error("no")', [3, 11]],
  ['after an await', 'await null;\nthrow new Error("no")', [2, 7]],
  ['after a timer', 'await new Promise((r) => setTimeout(r, 1));\n  null.x', [2, 8]],
  ['in TypeScript, on the first line', 'const n: number = 1; throw new Error("no")', [1, 28]],
  [
    'in TypeScript, behind types that are taken out',
    'interface A {\n  b: string;\n}\nconst a: A = inputs as A;\n  throw new Error(a.b)',
    [5, 9],
  ],
  ['in TypeScript, after an await', 'const n: number = await 1;\n\n throw new Error("no")', [3, 8]],
];
for (const [name, code, expected] of thrown) {
  test(`an error of javascript ${name} has its position in the source text`, async (t) => {
    const cause = await thrownBy(t, { type: 'javascript', code, inputs: { b: 'x' } });
    assert.deepEqual(place(cause.stack), expected, cause.stack);
  });
}

for (const [name, code, expected] of [
  ['of an expression', 'inputs.a.b.c', [1, 12]],
  ['of an expression over two lines', 'inputs.a &&\n  inputs.a.b.c', [2, 14]],
  ['of a body', 'const a = 1;\nreturn inputs.a.b.c', [2, 19]],
  ['of a TypeScript expression', '(inputs as any).a.b.c', [1, 21]],
  ['of a TypeScript body', 'type T = { a: any };\nconst t: T = inputs;\nreturn t.a.b.c', [3, 14]],
]) {
  test(`an error of a filter ${name} has its position in the source text`, async (t) => {
    const cause = await thrownBy(t, { type: 'filter', code, inputs: { a: {} } });
    assert.equal(cause.name, 'TypeError');
    assert.deepEqual(place(cause.stack), expected, cause.stack);
  });
}

test('the stack trace names every function of the source text', async (t) => {
  const cause = await thrownBy(t, {
    type: 'javascript',
    code: 'function outer() {\n  inner();\n}\nfunction inner() {\n  throw new Error("no");\n}\nouter();',
  });
  const places = [...cause.stack.matchAll(/at (\w*) ?\(?isolane:javascript\/[^:]+:(\d+):(\d+)/g)].map((m) =>
    m.slice(1, 3),
  );
  assert.deepEqual(places.slice(0, 2), [
    ['inner', '5'],
    ['outer', '2'],
  ]);
  assert.equal(places[2][1], '7');
});

test('stack traces contain no frames of isolane', async (t) => {
  const cause = await thrownBy(t, { type: 'javascript', code: 'throw new Error("no")' });
  assert.doesNotMatch(cause.stack, /ext:/);
});

for (const [name, type, code, line, column] of [
  ['javascript on the first line', 'javascript', 'const = 1', 1, 7],
  ['javascript on a later line', 'javascript', 'const a = 1;\nreturn a +* 2;', 2, 11],
  ['javascript in its middle', 'javascript', 'let a = 1;\nlet b = ;\nreturn a', 2, 9],
  ['TypeScript', 'javascript', 'const a: number = 1;\nconst b: = 2;', 2, 10],
  ['a filter expression', 'filter', 'inputs.a >', 1, undefined],
  ['a filter body', 'filter', 'const a = 1;\nreturn a +* 2;', 2, 11],
]) {
  test(`a syntax error of ${name} is not retried and has line and column`, async (t) => {
    const pool = await withPool(t, { maxTaskRetries: 3, retryBackoffMs: 1 });
    const error = await failure(pool.submitTask({ type, code }), 'ERR_TASK_FAILED');
    assert.equal(error.attempts, 1);
    assert.equal(error.cause.name, 'SyntaxError');
    const [foundLine, foundColumn] = place(error.cause.stack);
    assert.equal(foundLine, line, error.cause.stack);
    if (column !== undefined) assert.equal(foundColumn, column, error.cause.stack);
  });
}

test('a syntax error at the very end has a position in the source text, not after it', async (t) => {
  const cause = await thrownBy(t, { type: 'javascript', code: 'if (inputs) {\n  return 1' });
  assert.equal(cause.name, 'SyntaxError');
  const [line] = place(cause.stack);
  assert.ok(line <= 2, cause.stack);
});

test('a syntax error does not replace the isolate', async (t) => {
  const pool = await withPool(t);
  for (let i = 0; i < 3; i++) {
    await failure(pool.submitTask({ type: 'javascript', code: '(' }), 'ERR_TASK_FAILED');
    assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1' }), 1);
  }
});
