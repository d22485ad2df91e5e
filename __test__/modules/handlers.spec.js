'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

test('a handler of the default object gets its payload and returns its result', async (t) => {
  const pool = await withPool(t, { workerScript: script('export default { double(n) { return n * 2; } };') });
  assert.equal(await pool.submitTask({ type: 'double', payload: 21 }), 42);
});

test('a handler of the default object has that object as this', async (t) => {
  const pool = await withPool(t, {
    workerScript: script('export default { factor: 3, triple(n) { return n * this.factor; } };'),
  });
  assert.equal(await pool.submitTask({ type: 'triple', payload: 2 }), 6);
});

test('named exports are handlers, of every kind of function', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(`
      export function plain(n) { return n + 1; }
      export const arrow = (n) => n + 2;
      export async function later(n) { return n + 3; }
      export const notAFunction = 4;
      function inner(n) { return n + 5; }
      export { inner as renamed };
    `),
  });
  const results = [];
  for (const type of ['plain', 'arrow', 'later', 'renamed']) results.push(await pool.submitTask({ type, payload: 0 }));
  assert.deepEqual(results, [1, 2, 3, 5]);
  await failure(pool.submitTask({ type: 'notAFunction' }), 'ERR_NO_HANDLER');
});

test('named exports and a default object can be combined', async (t) => {
  const pool = await withPool(t, {
    workerScript: script('export const one = () => 1; export default { two: () => 2 };'),
  });
  assert.deepEqual([await pool.submitTask({ type: 'one' }), await pool.submitTask({ type: 'two' })], [1, 2]);
});

test('a default function gets every type that has no handler of its own', async (t) => {
  const pool = await withPool(t, {
    workerScript: script("export default (payload, ctx) => [ctx.type, payload]; export const own = () => 'own';"),
  });
  assert.deepEqual(await pool.submitTask({ type: 'anything at all', payload: 1 }), ['anything at all', 1]);
  assert.equal(await pool.submitTask({ type: 'own' }), 'own');
});

test('handlers are async with and without await, and return promises and thenables', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(`export default {
      awaits: async (n) => { await null; return n; },
      waits: async (n) => { await new Promise((resolve) => setTimeout(resolve, 1)); return n; },
      instant: async (n) => n,
      promise: (n) => Promise.resolve(n),
      thenable: (n) => ({ then(resolve) { resolve(n); } }),
      laterThenable: (n) => ({ then(resolve) { setTimeout(resolve, 1, n); } }),
      nested: async (n) => ({ then(resolve) { resolve(Promise.resolve(n)); } }),
    };`),
  });
  for (const type of ['awaits', 'waits', 'instant', 'promise', 'thenable', 'laterThenable', 'nested']) {
    assert.equal(await pool.submitTask({ type, payload: type }), type);
  }
});

test('a thenable that rejects or throws fails the task', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(`export default {
      rejects: () => ({ then(_, reject) { reject(new RangeError('no')); } }),
      throws: () => ({ then() { throw new RangeError('no'); } }),
      getter: () => ({ get then() { throw new RangeError('no'); } }),
    };`),
  });
  for (const type of ['rejects', 'throws', 'getter']) {
    const error = await failure(pool.submitTask({ type }), 'ERR_TASK_FAILED');
    assert.equal(error.cause.name, 'RangeError', type);
  }
});

test('a handler without a payload gets undefined, and one without a result gives undefined', async (t) => {
  const pool = await withPool(t, {
    workerScript: script('export default { count(...args) { return [args.length, args[0]]; }, nothing() {} };'),
  });
  assert.deepEqual(await pool.submitTask({ type: 'count' }), [2, undefined]);
  assert.equal(await pool.submitTask({ type: 'nothing' }), undefined);
});

test('handlers keep the state of their module from task to task', async (t) => {
  const pool = await withPool(t, { workerScript: script('let calls = 0; export default { count: () => ++calls };') });
  assert.deepEqual([await pool.submitTask({ type: 'count' }), await pool.submitTask({ type: 'count' })], [1, 2]);
});

test('a type without a handler rejects with ERR_NO_HANDLER and lists the handlers', async (t) => {
  const pool = await withPool(t, { workerScript: script('export default { resize() {}, crop() {} };') });
  const error = await failure(pool.submitTask({ type: 'rotate' }), 'ERR_NO_HANDLER');
  for (const name of ['rotate', 'resize', 'crop']) assert.ok(error.message.includes(name), error.message);
});

test('names of Object.prototype are no handlers', async (t) => {
  const pool = await withPool(t, { workerScript: script('export default { resize() {} };') });
  for (const type of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    await failure(pool.submitTask({ type }), 'ERR_NO_HANDLER');
  }
});

test('without a worker script, the error of a handler task says that there is none', async (t) => {
  const pool = await withPool(t);
  const error = await failure(pool.submitTask({ type: 'resize' }), 'ERR_NO_HANDLER');
  assert.match(error.message, /workerScript/);
});

test('type names may be any text', async (t) => {
  const pool = await withPool(t, { workerScript: script('export default (_, { type }) => type;') });
  for (const type of ['größe', '缩放', '👍', 'a b\nc', 'x'.repeat(100_000)]) {
    assert.equal(await pool.submitTask({ type }), type);
  }
});
