'use strict';

// The option `host`: the tree of functions that tasks may call.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

/** Runs the body of an async function. */
const run = (pool, code, inputs, options) => pool.submitTask({ type: 'javascript', code, inputs }, options);

describe('the tree', () => {
  test('is frozen and consists of names alone', async (t) => {
    const pool = await withPool(t, { host: { db: { query: () => 1 }, now: () => 2 } });
    const code = `
      return [Object.isFrozen(host), Object.isFrozen(host.db), Object.isFrozen(host.now), Object.keys(host),
        host.now.name, Object.getPrototypeOf(host), 'constructor' in host]`;
    assert.deepEqual(await run(pool, code), [true, true, true, ['db', 'now'], 'now', null, false]);
  });

  test('is an empty frozen object when the pool has no host functions', async (t) => {
    const workerScript = script(
      'export default { look: (_, { host }) => [Object.isFrozen(host), Object.keys(host)] };',
    );
    const pool = await withPool(t, { workerScript });
    assert.deepEqual(await pool.submitTask({ type: 'look' }), [true, []]);
    assert.deepEqual(await run(pool, 'return [Object.isFrozen(host), Object.keys(host)]'), [true, []]);
  });

  test("does not change when the option's object changes", async (t) => {
    const host = { f: () => 'first' };
    const pool = await withPool(t, { host });
    host.f = () => 'second';
    host.g = () => 'third';
    assert.deepEqual(await run(pool, 'return [await host.f(), typeof host.g]'), ['first', 'undefined']);
  });

  test('is, like `env`, a global that a task may shadow and that is not enumerable', async (t) => {
    const pool = await withPool(t, { host: { f: () => 1 }, env: { a: { b: 1 } } });
    assert.deepEqual(await run(pool, 'const host = 1, env = 2; return [host, env]'), [1, 2]);
    const code = `
      const of = (name) => { const { configurable, enumerable } = Object.getOwnPropertyDescriptor(globalThis, name);
        return [configurable, enumerable]; };
      return [of('host'), of('env'), env, Object.isFrozen(env.a)]`;
    assert.deepEqual(await run(pool, code), [[true, false], [true, false], { a: { b: 1 } }, true]);
  });

  const deep = (depth) => (depth === 0 ? () => 1 : { a: deep(depth - 1) });
  const wrong = [
    ['host', 5],
    ['host', []],
    ['host', () => 1],
    ['host', new Map()],
    ['host.db', { db: 1 }],
    ['host.db', { db: null }],
    ['host.db.list', { db: { list: [() => 1] } }],
    ['host.date', { date: new Date() }],
    ['host.then', Object.fromEntries([['then', () => 1]])],
    ['host.a.constructor', { a: { constructor: () => 1 } }],
    ['host.prototype', { prototype: {} }],
    ['host.__proto__', JSON.parse('{ "__proto__": {} }')],
    ['host', { 'a.b': () => 1 }],
    ['host', { '': () => 1 }],
    ['host.a.a.a.a.a.a.a.a', deep(9)],
    ['maxHostCalls', {}, 0],
    ['maxHostCalls', {}, 1.5],
  ];
  for (const [field, host, maxHostCalls] of wrong) {
    test(`is refused when ${field} is invalid (${JSON.stringify(host) ?? 'a function'}, ${maxHostCalls})`, async (t) => {
      const error = await failure(withPool(t, { host, maxHostCalls }), 'ERR_INVALID_ARG');
      assert.ok(error.message.startsWith(`${field} must be `), error.message);
      assert.equal(error.field, field);
    });
  }

  test('may be nested eight deep', async (t) => {
    const pool = await withPool(t, { host: deep(8) });
    assert.equal(await run(pool, 'return host.a.a.a.a.a.a.a.a()'), 1);
  });
});
