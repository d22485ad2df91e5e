'use strict';

// What a task throws arrives as the cause of ERR_TASK_FAILED.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, withPool } = require('../support/pool.js');

const ways = {
  'thrown at once': (code) => `throw ${code}`,
  'thrown after an await': (code) => `await null; throw ${code}`,
  'thrown after a timer': (code) => `await new Promise((r) => setTimeout(r, 1)); throw ${code}`,
  rejected: (code) => `return Promise.reject(${code})`,
};

for (const [how, body] of Object.entries(ways)) {
  describe(how, () => {
    const causeOf = async (t, code) => {
      const pool = await withPool(t);
      const error = await failure(
        pool.submitTask({ type: 'javascript', code: body(code), id: 'it' }),
        'ERR_TASK_FAILED',
      );
      assert.deepEqual([error.taskId, error.attempts], ['it', 1]);
      assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1' }), 1, 'the worker goes on');
      return [error.cause, error];
    };

    test('an error with class, name, message, own properties and cause', async (t) => {
      const [cause, error] = await causeOf(
        t,
        'Object.assign(new RangeError("too much", { cause: new TypeError("why") }), { code: "E_X", list: [1] })',
      );
      assert.ok(cause instanceof RangeError);
      assert.deepEqual([cause.name, cause.message, cause.code, cause.list], ['RangeError', 'too much', 'E_X', [1]]);
      assert.ok(cause.cause instanceof TypeError);
      assert.match(error.message, /RangeError: too much/);
    });

    test('an error of a class of the user', async (t) => {
      const [cause] = await causeOf(t, 'new (class QuotaError extends Error { name = "QuotaError"; limit = 5 })("no")');
      assert.ok(cause instanceof Error);
      assert.deepEqual([cause.name, cause.message, cause.limit], ['QuotaError', 'no', 5]);
    });

    test('an AggregateError', async (t) => {
      const [cause] = await causeOf(t, 'new AggregateError([new Error("a"), new TypeError("b")], "both")');
      assert.deepEqual(
        cause.errors.map((e) => e.message),
        ['a', 'b'],
      );
    });

    test('a DOMException', async (t) => {
      const [cause] = await causeOf(t, 'new DOMException("gone", "NotFoundError")');
      assert.match(cause?.message ?? String(cause), /gone/);
    });

    for (const [code, expected] of [
      ['"text"', 'text'],
      ['""', ''],
      ['null', null],
      ['undefined', undefined],
      ['42', 42],
      ['10n', 10n],
      ['false', false],
      ['({ status: 404, list: [1, 2] })', { status: 404, list: [1, 2] }],
      ['Object.assign(Object.create(null), { a: 1 })', { a: 1 }],
      ['({ toString: 1, valueOf: 2 })', { toString: 1, valueOf: 2 }],
      ['new Map([[1, 2]])', new Map([[1, 2]])],
    ]) {
      test(code, async (t) => {
        const [cause] = await causeOf(t, code);
        assert.deepEqual(cause, expected);
      });
    }

    for (const [code, pattern] of [
      ['function named() {}', /named/],
      ['Symbol("secret")', /secret/],
      ['({ fn() {} })', /object/],
      ['new Proxy({}, {})', /./],
    ]) {
      test(`${code}, which cannot be cloned, arrives as its text`, async (t) => {
        const [cause] = await causeOf(t, code.startsWith('function') ? `(${code})` : code);
        assert.match(typeof cause === 'string' ? cause : cause.message, pattern);
      });
    }

    for (const code of [
      'Object.defineProperty(new Error("m"), "bad", { enumerable: true, get() { throw new Error("getter") } })',
      'Object.defineProperty(new Error("m"), "stack", { get() { throw new Error("getter") } })',
      'Object.defineProperty(new Error("m"), "name", { get() { throw new Error("getter") } })',
      'Object.assign(new Error("m"), { fn() {}, symbol: Symbol("s"), fine: 1 })',
      'Object.assign(new Error("m"), { name: { toString: 1 } })',
      'Object.assign(new Error("m"), { name: undefined })',
      'Object.assign(new Error("m"), { stack: 5 })',
      'Object.assign(new Error("m"), { toString() { throw new Error("toString") } })',
      'Object.setPrototypeOf(new Error("m"), null)',
    ]) {
      test(`${code} arrives with its message`, async (t) => {
        const [cause] = await causeOf(t, code);
        assert.equal(cause.message, 'm');
      });
    }

    test('an error whose message has a getter that throws', async (t) => {
      const [cause] = await causeOf(
        t,
        'Object.defineProperty(new Error("m"), "message", { get() { throw new Error("getter") } })',
      );
      assert.notEqual(cause, undefined);
    });

    test('an object whose toString throws', async (t) => {
      const [, error] = await causeOf(t, '({ fn() {}, toString() { throw new Error("no") } })');
      assert.equal(error.code, 'ERR_TASK_FAILED');
    });

    test('an object without toString', async (t) => {
      const [, error] = await causeOf(t, 'Object.assign(Object.create(null), { fn() {} })');
      assert.equal(error.code, 'ERR_TASK_FAILED');
    });
  });
}

test('an endless recursion is a RangeError of its task', async (t) => {
  const pool = await withPool(t);
  const code = 'const deeper = () => deeper() + 1; return deeper()';
  const { cause } = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
  assert.equal(cause.name, 'RangeError');
  assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1' }), 1);
});

test('an error that cannot be decoded fails its own task only', async (t) => {
  // The thrown value cannot be converted to a string, so the message of the error has none.
  const pool = await withPool(t, { tasksPerWorker: 4 });
  const codes = [
    'throw { toString: 1, valueOf: 2 }',
    'return 1',
    'throw [{ toString: null, valueOf: null }]',
    'return 2',
  ];
  const results = await pool.submitTasks(codes.map((code) => ({ type: 'javascript', code })));
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'fulfilled', 'rejected', 'fulfilled'],
  );
});
