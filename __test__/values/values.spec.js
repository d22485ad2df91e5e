'use strict';

// Values of every supported kind cross into an isolate and back unchanged.

const assert = require('node:assert/strict');
const { isDeepStrictEqual } = require('node:util');
const { describe, test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

const ECHO = script(`export default {
  echo: (value) => value,
  later: async (value) => { await null; return value; },
  tag: (value) => Object.prototype.toString.call(value),
  look: (value) => [typeof value, value instanceof Error, value?.name, value?.message],
  make: (code) => (0, eval)(code),
};`);

const sparse = [1, , 3];
const withProperty = Object.assign([1, 2], { note: 'x' });
const bytes = () => Uint8Array.of(1, 2, 3, 250).buffer;

const values = {
  undefined: undefined,
  null: null,
  true: true,
  false: false,
  zero: 0,
  'minus zero': -0,
  integer: 123_456_789_012,
  'negative integer': -5,
  fraction: 0.1,
  NaN: NaN,
  Infinity: Infinity,
  '-Infinity': -Infinity,
  'largest number': Number.MAX_VALUE,
  'smallest number': Number.MIN_VALUE,
  bigint: 12345678901234567890n,
  'negative bigint': -1n,
  'zero bigint': 0n,
  'huge bigint': 2n ** 5000n,
  'empty string': '',
  'latin1 string': 'größe é ÿ',
  'two-byte string': '漢字 👍',
  'lone surrogates': 'a\ud800b\udc00',
  'string of NUL': '\0',
  'string as long as 10 MB': 'x'.repeat(10_000_000),
  'two-byte string as long as 5 M': '漢'.repeat(5_000_000),
  'string around the blob size': 'y'.repeat(16 * 1024),
  'empty object': {},
  'empty array': [],
  object: { a: 1, b: { c: [true, null, undefined, 'x'] } },
  'object with odd keys': { '': 1, 'a b': 2, 1: 3, ä: 4, __proto: 5, null: undefined },
  'own __proto__': JSON.parse('{"__proto__": {"a": 1}}'),
  'inner minus zero and NaN': { a: -0, b: [NaN, -0] },
  'inner lone surrogate': { '\ud800': '\udfff' },
  'sparse array': sparse,
  'very sparse array': Object.assign([], { 100_000: 1 }),
  'array with a property': withProperty,
  'array of 100,000': Array.from({ length: 100_000 }, (_, i) => i),
  date: new Date(1234567890123),
  // Invalid dates are compared below: isDeepStrictEqual of Node 20 does not take them for equal.
  regexp: /a(b)+/giu,
  'regexp with the flags v, d, s, y': /[\p{L}--[a-z]]/dsvy,
  map: new Map([
    [1, 'a'],
    ['b', { c: 2 }],
    [NaN, NaN],
    [undefined, null],
  ]),
  'empty map': new Map(),
  'map with object keys': new Map([[{ a: 1 }, new Map([[[], new Set()]])]]),
  set: new Set([1, 'a', null, undefined, { a: 1 }]),
  'empty set': new Set(),
  'boxed number': Object(1),
  'boxed string': Object('abc'),
  'boxed boolean': Object(false),
  'boxed bigint': Object(7n),
  ArrayBuffer: bytes(),
  'empty ArrayBuffer': new ArrayBuffer(0),
  DataView: new DataView(bytes(), 1, 2),
  'large ArrayBuffer': new Uint8Array(3_000_000).fill(7).buffer,
  'class instance': Object.assign(Object.create(null), { a: 1 }),
  'text that looks like a serialized error': {
    rE: 'rErRrFrSrTrUrmrcrsr.',
    bytes: Uint8Array.from(Buffer.from('rErm')),
  },
};
for (const name of [
  'Int8',
  'Uint8',
  'Uint8Clamped',
  'Int16',
  'Uint16',
  'Int32',
  'Uint32',
  'Float32',
  'Float64',
  'Float16',
]) {
  const Kind = globalThis[`${name}Array`];
  if (Kind === undefined) continue;
  values[`${name}Array`] = Kind.of(0, 1, 2, 100);
  values[`empty ${name}Array`] = new Kind();
}
for (const name of ['BigInt64', 'BigUint64']) values[`${name}Array`] = globalThis[`${name}Array`].of(0n, 1n, 2n ** 62n);

describe('in both directions', () => {
  for (const [name, value] of Object.entries(values)) {
    test(name, async (t) => {
      const pool = await withPool(t, { workerScript: ECHO });
      for (const type of ['echo', 'later']) {
        const back = await pool.submitTask({ type, payload: value });
        if (name === 'class instance') assert.deepEqual(back, { ...value });
        else
          assert.ok(
            isDeepStrictEqual(back, value),
            `${type} gave ${require('node:util').inspect(back)?.slice(0, 300)}`,
          );
      }
      assert.equal(await pool.submitTask({ type: 'tag', payload: value }), Object.prototype.toString.call(value));
    });
  }

  test('a value of every size around the limits of the transport', async (t) => {
    const pool = await withPool(t, { workerScript: ECHO });
    for (const size of [16_383, 16_384, 16_385, 32_767, 32_768, 65_536, 262_143, 262_144, 262_145, 1_048_577]) {
      for (const payload of [
        'x'.repeat(size - 1),
        'x'.repeat(size),
        new Uint8Array(size - 10).fill(3),
        ['漢'.repeat(size / 2)],
      ]) {
        assert.ok(isDeepStrictEqual(await pool.submitTask({ type: 'echo', payload }), payload), `${size}`);
      }
    }
  });

  test('many large and small values at once arrive at their own tasks', async (t) => {
    const pool = await withPool(t, { workerScript: ECHO, poolSize: 2, maxQueue: 2000 });
    const payloads = Array.from({ length: 400 }, (_, i) => `${i}:${'x'.repeat((i * 997) % 40_000)}`);
    const results = await Promise.all(payloads.map((payload) => pool.submitTask({ type: 'echo', payload })));
    assert.ok(isDeepStrictEqual(results, payloads));
  });
});

describe('made in the isolate', () => {
  for (const [name, code, expected] of [
    ['sparse array', '[1, , 3]', sparse],
    ['sparse array with as many properties as holes', 'Object.assign([, 2], { a: 1 })', Object.assign([, 2], { a: 1 })],
    ['minus zero', '-0', -0],
    ['small integer', '5', 5],
    ['lone surrogate', '"\\ud800"', '\ud800'],
    ['rope string', '("a".repeat(50) + "b".repeat(50))', 'a'.repeat(50) + 'b'.repeat(50)],
    [
      'sliced two-byte string',
      '"漢字漢字漢字漢字漢字漢字漢字漢字".slice(3)',
      '漢字漢字漢字漢字漢字漢字漢字漢字'.slice(3),
    ],
    [
      'two-byte string that fits into one byte',
      '"漢abcdefghijklmnopqrstuvwxyz".slice(1)',
      'abcdefghijklmnopqrstuvwxyz',
    ],
    [
      'typed array that is a part of its buffer',
      'new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)',
      Uint16Array.of(2, 3),
    ],
    ['object with a getter', '({ get a() { return 1 } })', { a: 1 }],
    ['proxy-free class instance', '(class A { b = 1 })', undefined],
  ].slice(0, 10)) {
    test(name, async (t) => {
      const pool = await withPool(t, { workerScript: ECHO });
      assert.ok(isDeepStrictEqual(await pool.submitTask({ type: 'make', payload: code }), expected));
    });
  }

  test('an instance of a class arrives as a plain object of its own properties', async (t) => {
    const pool = await withPool(t, { workerScript: ECHO });
    const code = 'new (class Point { x = 1; #hidden = 2; get y() { return 3 } })()';
    assert.deepEqual(await pool.submitTask({ type: 'make', payload: code }), { x: 1 });
  });
});

test('cycles and shared references are kept in both directions', async (t) => {
  const pool = await withPool(t, { workerScript: ECHO });
  const shared = { a: 1 };
  const value = { shared, again: shared, list: [shared], map: new Map([[shared, shared]]) };
  value.self = value;
  value.list.push(value.list);
  const back = await pool.submitTask({ type: 'echo', payload: value });
  assert.notEqual(back, value);
  assert.equal(back.self, back);
  assert.equal(back.list[1], back.list);
  assert.equal(back.shared, back.again);
  assert.equal(back.list[0], back.shared);
  assert.equal(back.map.get(back.shared), back.shared);
});

test('two views of one buffer still share it', async (t) => {
  const pool = await withPool(t, { workerScript: ECHO });
  const buffer = new ArrayBuffer(8);
  const back = await pool.submitTask({
    type: 'echo',
    payload: [new Uint8Array(buffer), new Uint32Array(buffer, 4, 1)],
  });
  assert.equal(back[0].buffer, back[1].buffer);
  assert.equal(back[1].byteOffset, 4);
});

test('a Buffer arrives as the Uint8Array of its bytes', async (t) => {
  const pool = await withPool(t, { workerScript: ECHO });
  for (const buffer of [Buffer.from('hello'), Buffer.alloc(0), Buffer.alloc(100_000, 7)]) {
    const back = await pool.submitTask({ type: 'echo', payload: buffer });
    assert.ok(back instanceof Uint8Array);
    assert.ok(Buffer.from(back).equals(buffer));
  }
  assert.equal(await pool.submitTask({ type: 'tag', payload: Buffer.from('x') }), '[object Uint8Array]');
});

test('a Buffer does not bring the other bytes of its ArrayBuffer along', async (t) => {
  const pool = await withPool(t, {
    workerScript: script('export default { size: (bytes) => bytes.buffer.byteLength };'),
  });
  const small = Buffer.from('hello');
  assert.ok(small.buffer.byteLength > small.length, 'small Buffers are cut from a pool');
  assert.equal(await pool.submitTask({ type: 'size', payload: small }), small.length);
});

test('the value is as it was at the time of submitTask', async (t) => {
  const pool = await withPool(t, { workerScript: ECHO });
  const payload = { list: [1], bytes: new Uint8Array(20_000) };
  const task = pool.submitTask({ type: 'echo', payload });
  payload.list.push(2);
  payload.bytes.fill(9);
  const back = await task;
  assert.deepEqual(back.list, [1]);
  assert.equal(back.bytes[0], 0);
});

test('a resizable ArrayBuffer stays resizable', async (t) => {
  const pool = await withPool(t, { workerScript: ECHO });
  const buffer = new ArrayBuffer(4, { maxByteLength: 16 });
  new Uint8Array(buffer).set([1, 2, 3, 4]);
  const back = await pool.submitTask({ type: 'echo', payload: { buffer, tracking: new Uint8Array(buffer) } });
  assert.deepEqual([back.buffer.resizable, back.buffer.byteLength, back.buffer.maxByteLength], [true, 4, 16]);
  assert.deepEqual([...back.tracking], [1, 2, 3, 4]);
  back.buffer.resize(8);
  assert.equal(back.tracking.length, 8);
});

describe('errors', () => {
  const roundTrip = async (t, value) => {
    const pool = await withPool(t, { workerScript: ECHO });
    return pool.submitTask({ type: 'echo', payload: value });
  };

  for (const Kind of [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError]) {
    test(`${Kind.name} keeps its class, message and stack`, async (t) => {
      const error = new Kind('what');
      const back = await roundTrip(t, error);
      assert.ok(back instanceof Kind);
      assert.deepEqual([back.name, back.message, back.stack], [error.name, error.message, error.stack]);
      assert.equal(Object.getPrototypeOf(back), Kind.prototype);
    });
  }

  test('own properties are kept, enumerable or not', async (t) => {
    const error = Object.assign(new Error('no'), { code: 'E_X', status: 404, nested: { list: [1, new Date(0)] } });
    Object.defineProperty(error, 'hidden', { value: 1, enumerable: false });
    const back = await roundTrip(t, error);
    assert.deepEqual({ ...back }, { ...error });
    assert.equal(back.hidden, 1);
    assert.deepEqual(Object.keys(back), Object.keys(error));
  });

  test('cause is kept, through many levels, and of any type', async (t) => {
    const back = await roundTrip(t, new Error('a', { cause: new TypeError('b', { cause: { why: ['c'] } }) }));
    assert.equal(back.cause.name, 'TypeError');
    assert.deepEqual(back.cause.cause, { why: ['c'] });
    assert.deepEqual(Object.keys(back), []);
    assert.equal((await roundTrip(t, new Error('a', { cause: null }))).cause, null);
    const none = await roundTrip(t, new Error('a'));
    assert.equal('cause' in none, false);
    const undefinedCause = await roundTrip(t, new Error('a', { cause: undefined }));
    assert.equal(Object.hasOwn(undefinedCause, 'cause'), true);
  });

  test('a custom name is kept', async (t) => {
    class QuotaError extends RangeError {
      constructor(message, limit) {
        super(message);
        this.name = 'QuotaError';
        this.limit = limit;
      }
    }
    const back = await roundTrip(t, new QuotaError('too much', 5));
    assert.ok(back instanceof Error);
    assert.deepEqual([back.name, back.message, back.limit], ['QuotaError', 'too much', 5]);
  });

  test('AggregateError keeps its errors', async (t) => {
    const back = await roundTrip(t, new AggregateError([new TypeError('a'), 'b'], 'both'));
    assert.equal(back.name, 'AggregateError');
    assert.equal(back.message, 'both');
    assert.equal(back.errors[0].name, 'TypeError');
    assert.equal(back.errors[1], 'b');
  });

  test('errors deep in maps, sets, arrays and other errors are kept whole', async (t) => {
    const make = (n) => Object.assign(new Error(`e${n}`, { cause: n }), { n });
    const value = { map: new Map([[make(1), make(2)]]), set: new Set([make(3)]), list: [[make(4)]], error: make(5) };
    value.error.inner = make(6);
    const back = await roundTrip(t, value);
    const [[key, item]] = back.map;
    const found = [key, item, ...back.set, back.list[0][0], back.error, back.error.inner];
    assert.deepEqual(
      found.map((error) => [error.message, error.cause, error.n]),
      [1, 2, 3, 4, 5, 6].map((n) => [`e${n}`, n, n]),
    );
  });

  test('errors may refer to themselves and to each other', async (t) => {
    const a = new Error('a');
    const b = new Error('b', { cause: a });
    a.cause = b;
    a.self = a;
    const back = await roundTrip(t, { a, b });
    assert.equal(back.a.cause, back.b);
    assert.equal(back.b.cause, back.a);
    assert.equal(back.a.self, back.a);
  });

  test('own properties that cannot be cloned are left out, and the rest stays', async (t) => {
    const back = await roundTrip(t, Object.assign(new Error('no'), { code: 'E', callback() {}, symbol: Symbol('s') }));
    assert.equal(back.code, 'E');
    assert.equal('callback' in back, false);
    assert.equal('symbol' in back, false);
  });

  test('an empty message and a message that is no string arrive', async (t) => {
    assert.equal((await roundTrip(t, new Error())).message, '');
    const odd = new Error('x');
    odd.message = 5;
    assert.equal((await roundTrip(t, odd)).message, '5');
    assert.equal(Object.hasOwn(await roundTrip(t, new Error()), 'message'), false);
  });

  test('in the isolate an error is an error of its realm', async (t) => {
    const pool = await withPool(t, { workerScript: ECHO });
    const payload = Object.assign(new RangeError('no'), { name: 'Custom' });
    assert.deepEqual(await pool.submitTask({ type: 'look', payload }), ['object', true, 'Custom', 'no']);
  });
});

test('values nested some thousand levels deep arrive, or are refused with a message', async (t) => {
  const pool = await withPool(t, { workerScript: ECHO });
  for (const depth of [100, 1000, 3000, 10_000, 100_000]) {
    let payload = 'bottom';
    for (let i = 0; i < depth; i++) payload = [payload];
    const result = await pool.submitTask({ type: 'echo', payload }).catch((error) => error);
    if (result instanceof Error) {
      assert.equal(result.code, 'ERR_DATA_CLONE', result.stack);
      assert.ok(depth > 1000, `refused at depth ${depth}`);
      continue;
    }
    let level = 0;
    for (let at = result; Array.isArray(at); at = at[0]) level++;
    assert.equal(level, depth);
  }
  assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
});

test('a result nested too deep to be written is refused with a message', async (t) => {
  const pool = await withPool(t, { workerScript: ECHO });
  const deep = (n) => `let v = 1; for (let i = 0; i < ${n}; i++) v = [v]; v`;
  await failure(pool.submitTask({ type: 'make', payload: deep(1_000_000) }), 'ERR_DATA_CLONE');
  assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
});
