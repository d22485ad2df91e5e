'use strict';

// Small objects whose keys came before are made by a compiled function. The results must be the same.

const assert = require('node:assert/strict');
const fc = require('fast-check');
const { script, withPool } = require('../support/pool.js');
const { test } = require('../support/test.js');

/** Keys, also those with a meaning in an object literal or in the source of a function. */
const KEYS = [
  ...['a', 'b', 'c', 'id', 'name', 'then', 'get', 'set', 'return', 'constructor', 'toString', 'isolane'],
  ...[
    '__proto__',
    'prototype',
    '0',
    '7',
    '4294967295',
    '-1',
    '1.5',
    '',
    ' ',
    'two words',
    "it's",
    'a"b',
    'a\\',
    '\\u0061',
  ],
  ...['}', '//', '*/', '${a}', '\n', '\u2028', '\0', '\x7f', 'ü', 'ÿ', 'Ā', '漢', '\ud800', 'x'.repeat(300)],
];
const keys = fc.uniqueArray(fc.constantFrom(...KEYS), { maxLength: 10 });
const value = fc.oneof(
  fc.integer(),
  fc.double(),
  fc.string({ maxLength: 20 }),
  fc.constantFrom(undefined, null, true, false, '漢', 5n, new Date(7)),
  fc.constantFrom({ a: 1 }, [1, , 3], { a: { b: [] } }, new Map([[1, 2]])),
);
/** Several objects with the same keys. */
const alike = keys.chain((keys) =>
  fc.array(
    fc.tuple(...keys.map(() => value)).map((values) => {
      const object = {};
      keys.forEach((key, i) => {
        Object.defineProperty(object, key, { value: values[i], enumerable: true, configurable: true, writable: true });
      });
      return object;
    }),
    { minLength: 2, maxLength: 5 },
  ),
);

const HANDLERS = `
  const isUsual = ({ writable, enumerable, configurable }) => writable && enumerable && configurable;
  export default {
    look(object) {
      const descriptors = Reflect.ownKeys(object).map((key) => Reflect.getOwnPropertyDescriptor(object, key));
      return {
        object,
        keys: Reflect.ownKeys(object),
        isUsual: descriptors.every(isUsual),
        isPlain: Object.getPrototypeOf(object) === Object.prototype && Object.isExtensible(object),
      };
    },
    spoil(object) {
      const before = JSON.stringify(object);
      object.a = 'changed';
      delete object.b;
      object.more = true;
      Object.freeze(object);
      return before;
    },
    trap() {
      globalThis.met = 0;
      for (const key of ['a', 'b']) {
        Object.defineProperty(Object.prototype, key, { set() { globalThis.met++; }, configurable: true });
      }
    },
    met: () => globalThis.met,
  };`;

const start = (t) => withPool(t, { workerScript: script(HANDLERS), poolSize: 1, maxQueue: 10_000 });

async function lookAt(pool, objects) {
  const settled = await pool.submitTasks(objects.map((payload) => ({ type: 'look', payload })));
  for (const [i, { value, reason }] of settled.entries()) {
    assert.ifError(reason);
    const clone = structuredClone(objects[i]);
    assert.deepStrictEqual(value, { object: clone, keys: Reflect.ownKeys(clone), isUsual: true, isPlain: true });
  }
}

test('objects of the same keys arrive as clones, whatever the keys and the values', { timeout: 120_000 }, async (t) => {
  const pool = await start(t);
  const groups = fc.array(alike, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(groups, (groups) => lookAt(pool, groups.flat())),
    { numRuns: 300 },
  );
});

test('more shapes than are cached arrive as well', async (t) => {
  const pool = await start(t);
  const shapes = Array.from({ length: 50 }, (_, i) => (j) => ({ [`key${i}`]: j, same: i, [`last${j % 3}`]: 'x' }));
  for (let round = 0; round < 4; round++) {
    await lookAt(
      pool,
      shapes.flatMap((make) => [make(0), make(0), make(round), make(3)]),
    );
  }
});

test('each object is a new one', async (t) => {
  const pool = await start(t);
  for (let i = 0; i < 8; i++) {
    const payload = { a: i, b: [i], c: null };
    assert.equal(await pool.submitTask({ type: 'spoil', payload }), JSON.stringify(payload));
  }
});

test('no setter of Object.prototype is called', async (t) => {
  const pool = await start(t);
  await pool.submitTask({ type: 'trap' });
  for (let i = 0; i < 8; i++) {
    assert.equal(await pool.submitTask({ type: 'spoil', payload: { a: i, b: 1 } }), `{"a":${i},"b":1}`);
  }
  assert.equal(await pool.submitTask({ type: 'met' }), 0);
});
