'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

const HANDLERS = script(`export default {
  echo: (value) => value,
  make: (code) => (0, eval)(code),
  later: async (code) => { await null; return (0, eval)(code); },
};`);

const throwing = {
  get bad() {
    throw new Error('from a getter');
  },
};

describe('a payload that cannot be cloned rejects with ERR_DATA_CLONE and the path', () => {
  for (const [name, payload, path] of [
    ['function', () => {}, 'payload'],
    ['symbol', Symbol('s'), 'payload'],
    ['function in an object', { onDone() {} }, 'payload.onDone'],
    ['function deep inside', { items: [1, { 'a b': [() => {}] }] }, 'payload.items[1]["a b"][0]'],
    ['function in a Map', new Map([['key', { fn() {} }]]), 'payload.get("key").fn'],
    ['function in a Set', new Set([1, () => {}]), 'payload.values()[1]'],
    ['promise', { job: Promise.resolve() }, 'payload.job'],
    ['WeakMap', { cache: new WeakMap() }, 'payload.cache'],
    ['SharedArrayBuffer', { memory: new SharedArrayBuffer(4) }, 'payload.memory'],
    ['view of a SharedArrayBuffer', { view: new Uint8Array(new SharedArrayBuffer(4)) }, 'payload.view'],
    ['MessagePort', { port: new MessageChannel().port1 }, 'payload.port'],
    [
      'symbol in a class instance',
      {
        point: new (class Point {
          tag = Symbol('x');
        })(),
      },
      'payload.point.tag',
    ],
    ['throwing getter', throwing, 'payload.bad'],
    ['proxy', { handle: new Proxy({}, {}) }, 'payload.handle'],
    ['generator', { steps: (function* () {})() }, 'payload.steps'],
  ]) {
    test(name, async (t) => {
      const pool = await withPool(t, { workerScript: HANDLERS });
      const error = await failure(pool.submitTask({ type: 'echo', payload, id: 'it' }), 'ERR_DATA_CLONE');
      assert.ok(error.message.startsWith(`${path} `), `${error.message} does not start with ${path}`);
      assert.equal(error.taskId, 'it');
      assert.ok(error.cause instanceof Error);
      assert.equal(await pool.submitTask({ type: 'echo', payload: 1, id: 'it' }), 1, 'the id is free again');
      if (payload.port) payload.port.close();
    });
  }

  test('inputs and config', async (t) => {
    const pool = await withPool(t);
    const task = { type: 'javascript', code: 'return 1' };
    const inputs = await failure(pool.submitTask({ ...task, inputs: { fn() {} } }), 'ERR_DATA_CLONE');
    assert.match(inputs.message, /^(task\.)?inputs\.fn /);
    const config = await failure(pool.submitTask({ ...task, config: [() => {}] }), 'ERR_DATA_CLONE');
    assert.match(config.message, /^(task\.)?config\[0\] /);
  });

  test('a detached ArrayBuffer', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const buffer = new ArrayBuffer(8);
    structuredClone(buffer, { transfer: [buffer] });
    const error = await failure(pool.submitTask({ type: 'echo', payload: { buffer } }), 'ERR_DATA_CLONE');
    assert.match(error.message, /^payload\.buffer /);
  });
});

describe('a result that cannot be cloned rejects with ERR_DATA_CLONE and the path', () => {
  for (const [name, code, path] of [
    ['function', '(() => {})', 'result'],
    ['symbol', 'Symbol("s")', 'result'],
    ['class', '(class A {})', 'result'],
    ['function in an object', '({ list: [1, { fn() {} }] })', 'result.list[1].fn'],
    ['function in a Map', 'new Map([["k", () => {}]])', 'result.get("k")'],
    ['promise inside', '({ job: Promise.resolve() })', 'result.job'],
    ['WeakRef', '({ ref: new WeakRef({}) })', 'result.ref'],
    ['throwing getter', '({ get bad() { throw new Error("from a getter") } })', 'result.bad'],
    ['proxy', '({ p: new Proxy({}, {}) })', 'result.p'],
    ['the global object', 'globalThis', 'result'],
    ['AbortSignal', '({ signal: new AbortController().signal })', undefined],
  ]) {
    test(name, async (t) => {
      const pool = await withPool(t, { workerScript: HANDLERS, maxTaskRetries: 2, retryBackoffMs: 1 });
      for (const type of ['make', 'later']) {
        const task = pool.submitTask({ type, payload: code });
        if (path === undefined) {
          await task.catch((error) => assert.equal(error.code, 'ERR_DATA_CLONE'));
          continue;
        }
        const error = await failure(task, 'ERR_DATA_CLONE');
        assert.ok(error.message.startsWith(path), `${error.message} does not start with ${path}`);
        assert.equal(error.attempts, 1, 'it is not retried');
      }
      assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
    });
  }

  test('a getter that never ends is ended by the timeout', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    for (const type of ['make', 'later']) {
      const code = '({ get bad() { for (;;); } })';
      await failure(pool.submitTask({ type, payload: code, timeout: 50 }), 'ERR_TASK_TIMEOUT');
      assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
    }
  });

  test('a proxy whose traps never end is ended by the timeout', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const code =
      '[new Error("x"), new Proxy({}, { ownKeys() { for (;;); }, getPrototypeOf() { for (;;); }, get() { for (;;); } })]';
    const error = await pool.submitTask({ type: 'make', payload: code, timeout: 50 }).catch((e) => e);
    assert.match(error.code, /ERR_(TASK_TIMEOUT|DATA_CLONE)/);
    assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
  });
});
