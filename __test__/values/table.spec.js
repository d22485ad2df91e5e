'use strict';

// Large plain data crosses as a table (lib/values/table.js), and arrives as `structuredClone` would clone it.
// ISOLANE_SEEDS=… sets the number of values, ISOLANE_SEED=… repeats those of one seed.

const assert = require('node:assert/strict');
const fc = require('fast-check');
const { Arena } = require('../../lib/values/arena.js');
const KIND = require('../../lib/values/kinds.js');
const { decode, encode, write } = require('../../lib/values/wire.js');
const { script, withPool } = require('../support/pool.js');
const { assertCloned } = require('../support/cloned.js');
const { describe, test } = require('../support/test.js');

const runs = Number(process.env.ISOLANE_SEEDS ?? 600);
const seed = Number(process.env.ISOLANE_SEED ?? Math.floor(Math.random() * 2 ** 31));

const plain = { noNullPrototype: true };
const key = fc.oneof(
  fc.constantFrom(
    'id',
    'name',
    'tags',
    '',
    '0',
    '1',
    '4294967295',
    'constructor',
    'then',
    'length',
    '"',
    '\u2028',
    'ключ',
  ),
  fc.string({ unit: 'binary' }),
);
const leaf = fc.oneof(
  fc.constantFrom(
    null,
    undefined,
    true,
    false,
    0,
    -0,
    Number.NaN,
    Infinity,
    2 ** 28,
    -(2 ** 28),
    2 ** 28 - 1,
    -(2 ** 28) - 1,
  ),
  fc.integer(),
  fc.double(),
  fc.bigInt({ min: -(2n ** 256n) + 1n, max: 2n ** 256n - 1n }),
  fc.constantFrom(0n, -1n, 2n ** 64n, -(2n ** 64n), 2n ** 64n - 1n, 2n ** 128n, 2n ** 256n - 1n),
  fc.string({ unit: 'binary', maxLength: 40 }),
  // Strings that come again, and similar ones.
  fc.string({ unit: fc.constantFrom('a', 'b', 'é', 'Ж'), maxLength: 14 }),
  fc.constantFrom(
    'x'.repeat(255),
    'x'.repeat(256),
    'x'.repeat(257),
    'é'.repeat(1024),
    'x'.repeat(1025),
    'x'.repeat(5000),
  ),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, leaf, tie('object'), tie('array')),
  object: fc.dictionary(key, tie('value'), { maxKeys: 6, noNullPrototype: true }),
  array: fc.array(tie('value'), { maxLength: 12 }),
}));
/** More objects than a tree may have. */
const large = fc.array(
  fc.oneof(
    value.map((item) => ({ item })),
    fc.record({ id: fc.nat(), name: fc.string(), inner: fc.record({ a: leaf, b: fc.array(leaf) }, plain) }, plain),
  ),
  { minLength: 30, maxLength: 120 },
);

const bytesOf = (payload) => write(new Arena(1024), payload, true);
const isTable = (payload) => bytesOf(payload)?.[0] === KIND.TABLE;
const rows = (count) =>
  Array.from({ length: count }, (_, id) => ({ id, name: `row ${id}`, deep: { half: id / 2, tags: ['a', null] } }));
const check = (property, numRuns) => fc.assert(property, { seed, numRuns, includeErrorInReport: true });

test('arrays of similar objects are written as a table', () => {
  assert.ok(isTable(rows(30)));
  assert.ok(isTable({ rows: rows(30), wide: 'Ж' }));
  assert.ok(isTable(Array.from({ length: 1000 }, (_, i) => i)));
  assert.ok(isTable(Array.from({ length: 1000 }, (_, i) => -(2n ** BigInt(i >> 2)))));
});

test('a table is read as a clone of what was written', { timeout: 60_000 }, () => {
  let tables = 0;
  check(
    fc.property(large, (payload) => {
      const bytes = bytesOf(payload);
      if (bytes?.[0] !== KIND.TABLE) return;
      tables++;
      assertCloned(payload, decode(bytes));
    }),
    runs,
  );
  assert.ok(tables > runs / 2, `${tables} of ${runs} were tables`);
});

describe('is not written as a table, and arrives as a clone nevertheless:', () => {
  const shared = { a: 1 };
  const cycle = {};
  cycle.self = cycle;
  class Point {
    x = 1;
  }
  for (const [name, odd] of [
    ['an object that is there twice', [shared, shared]],
    ['a cycle', cycle],
    ['a hole', [1, , 2]],
    ['a property of an array', Object.assign([1], { extra: 1 })],
    ['a Map', new Map([[1, 2]])],
    ['a Date', new Date(0)],
    ['an error', new TypeError('no')],
    ['a long BigInt', 2n ** 256n],
    ['an instance of a class', new Point()],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 })],
    ['the key __proto__', JSON.parse('{"__proto__": {"a": 1}}')],
    ['an array of a class', new (class List extends Array {})(3).fill(1)],
    ['a boxed number', Object(1)],
    ['a hundred levels', Array.from({ length: 200 }).reduce((inner) => ({ inner }), 1)],
    ['a long text', 'x'.repeat(100_000)],
  ]) {
    test(name, async (t) => {
      const payload = { rows: rows(30), odd };
      assert.ok(!isTable(payload));
      const pool = await withPool(t, { workerScript: script('export default { echo: (value) => value }') });
      assertCloned(structuredClone(payload), await pool.submitTask({ type: 'echo', payload }));
    });
  }
});

test('a string that comes again is written twice at most', () => {
  const texts = (unit) => bytesOf(Array.from({ length: 400 }, (_, i) => `text ${i % 4}${unit}`)).length;
  assert.ok(texts('') < 2000, `${texts('')}`);
  assert.ok(texts('Ж') < 2000, `${texts('Ж')}`);
});

describe('keys that all objects inherit are not written', () => {
  const inherit = () => {
    Object.prototype.late = 'inherited';
  };
  const put = [{ early: 1, late: 2 }, { early: 1 }, {}];

  test('on the side of Node', () => {
    try {
      inherit();
      const read = decode(bytesOf([...rows(30), ...put]));
      delete Object.prototype.late;
      assertCloned([...rows(30), ...put], read);
      const odd = {
        get early() {
          inherit();
          return 1;
        },
      };
      const again = decode(bytesOf([...rows(30), ...put, odd, {}]));
      delete Object.prototype.late;
      assertCloned([...rows(30), ...put, { early: 1 }, {}], again);
    } finally {
      delete Object.prototype.late;
    }
  });

  test('in an isolate', async (t) => {
    const workerScript = script(`export default {
      inherit: () => { Object.prototype.late = 'inherited'; },
      echo: (value) => value,
    }`);
    const pool = await withPool(t, { workerScript, poolSize: 1 });
    await pool.submitTask({ type: 'inherit' });
    const payload = [...rows(30), ...put];
    assertCloned(payload, await pool.submitTask({ type: 'echo', payload }));
  });
});

test('what only looks like a plain object is not written as one, by compiled code either', {
  timeout: 60_000,
}, async (t) => {
  const workerScript = script(`
    const disguised = (object) => Object.setPrototypeOf(object, Object.prototype);
    const ODD = {
      map: () => disguised(new Map([[1, 2]])),
      date: () => disguised(new Date(0)),
      error: () => disguised(new TypeError('no')),
      boxed: () => disguised(Object(1n)),
      object: () => new Proxy({}, {}),
      array: () => new Proxy([], {}),
    };
    export default {
      echo: (value) => value,
      odd: ({ rows, kind }) => [...rows, ODD[kind]()],
    };`);
  const pool = await withPool(t, { workerScript, poolSize: 1 });
  for (let i = 0; i < 300; i++) await pool.submitTask({ type: 'echo', payload: rows(200) });
  const last = async (kind) => (await pool.submitTask({ type: 'odd', payload: { rows: rows(200), kind } }))[200];
  assertCloned(new Map([[1, 2]]), await last('map'));
  assertCloned(new Date(0), await last('date'));
  assert.ok((await last('error')) instanceof Error);
  assertCloned(Object(1n), await last('boxed'));
  for (const kind of ['object', 'array']) await assert.rejects(last(kind), { code: 'ERR_DATA_CLONE' });
});

test('a proxy cannot be cloned, in rows as elsewhere', () => {
  assert.throws(() => bytesOf([...rows(30), new Proxy({}, {})]), /could not be cloned/);
  assert.throws(() => bytesOf([...rows(30), new Proxy([], {})]), /could not be cloned/);
});

test('a getter of a row may encode another value', () => {
  let inner;
  const payload = [
    ...rows(30),
    {
      get late() {
        inner = decode(bytesOf(rows(40)));
        return inner.length;
      },
    },
  ];
  assert.equal(decode(bytesOf(payload))[30].late, 40);
  assert.deepEqual(inner, rows(40));
});

test('a key that a getter deletes is absent', () => {
  const odd = () => {
    const object = {
      get first() {
        delete object.last;
        return 1;
      },
      last: 2,
    };
    return object;
  };
  assertCloned(structuredClone(odd()), decode(encode(odd())));
  const payload = () => [...rows(30), odd()];
  assertCloned(structuredClone(payload()), decode(bytesOf(payload())));
});

test('rows cross to handlers and back', { timeout: 60_000 }, async (t) => {
  const workerScript = script(`export default {
    echo: (value) => value,
    later: async (value) => { await null; return { value }; },
    again: (value) => value.map((row) => ({ ...row, row: structuredClone(row) })),
  };`);
  const pool = await withPool(t, { workerScript });
  const submit = (type, payload) => pool.submitTask({ type, payload });
  await check(
    fc.asyncProperty(large, async (payload) => {
      const [echo, later, again] = await Promise.all(['echo', 'later', 'again'].map((type) => submit(type, payload)));
      assertCloned(payload, echo);
      assertCloned({ value: payload }, later);
      assert.equal(again.length, payload.length);
    }),
    Math.ceil(runs / 6),
  );
  assert.equal(await submit('echo', 1), 1);
});

describe('code in the isolate neither sees nor changes what crosses when it replaces', () => {
  for (const [what, patch] of Object.entries({
    properties: `for (const name of ['id', 'name', 'deep', 'next', 'names', '0', '5', '29']) {
      for (const prototype of [Object.prototype, Array.prototype]) {
        Object.defineProperty(prototype, name, { configurable: true, get: spy(), set: spy() });
      }
    }`,
    'getters of typed arrays': `for (const name of ['length', 'buffer', 'byteOffset', 'byteLength']) {
      const { get } = Object.getOwnPropertyDescriptor(TypedArray.prototype, name);
      Object.defineProperty(TypedArray.prototype, name, { get: spy(get) });
    }`,
    'species of typed arrays': `Object.defineProperty(TypedArray, Symbol.species, { get: spy() });
      Uint8Array.prototype.constructor = spy();`,
    'methods of typed arrays': "replace(TypedArray.prototype, ['set', 'subarray', 'slice', Symbol.iterator])",
    'methods of arrays': "replace(Array.prototype, ['push', 'map', 'join', Symbol.iterator])",
    'methods of maps and sets': "replace(Map.prototype, ['get', 'set']); replace(Set.prototype, ['has', 'add'])",
    'methods of texts': "replace(String.prototype, ['substring', 'charCodeAt', 'toJSON'])",
    'methods of functions': "replace(Function.prototype, ['call', 'apply', 'bind'])",
    globals: "replace(globalThis, ['Uint8Array', 'Int32Array', 'Float64Array', 'Map', 'Set', 'Function', 'Array'])",
    functions: "replace(Object, ['keys', 'getPrototypeOf', 'defineProperty']); replace(JSON, ['stringify'])",
  })) {
    test(what, async (t) => {
      const workerScript = script(`
        let calls = 0;
        const { apply } = Reflect;
        const spy = (fn = () => 'forged') => function () { calls++; return apply(fn, this, arguments); };
        const replace = (holder, names) => { for (let i = 0; i < names.length; i++) holder[names[i]] = spy(); };
        const TypedArray = Object.getPrototypeOf(Uint8Array);
        export default {
          patch: () => { ${patch}; calls = 0; },
          echo: (value) => value,
          calls: () => calls,
        };`);
      const pool = await withPool(t, { workerScript });
      await pool.submitTask({ type: 'patch' });
      for (const payload of [rows(40), rows(400)]) {
        assertCloned(payload, await pool.submitTask({ type: 'echo', payload }));
      }
      assert.equal(await pool.submitTask({ type: 'calls' }), 0);
    });
  }
});

test('one row that is kept does not keep the text of all rows in memory', async (t) => {
  const workerScript = script(`
    const kept = [];
    export default { keep: (rows) => { kept.push(rows[7].name); return kept.length; } };`);
  const pool = await withPool(t, { workerScript, poolSize: 1, workerMemoryLimitMB: 64 });
  const payload = Array.from({ length: 8000 }, (_, i) => ({ name: `${i} ${'some text of a row '.repeat(6)}`, i }));
  for (let i = 1; i <= 100; i++) assert.equal(await pool.submitTask({ type: 'keep', payload }), i);
});
