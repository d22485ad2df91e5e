'use strict';

// What a task's console prints, against what the console of Node prints of the same calls.

const assert = require('node:assert/strict');
const { Console } = require('node:console');
const { Writable } = require('node:stream');
const { describe, test } = require('../support/test.js');
const { nextTurn, withPool } = require('../support/pool.js');

const AsyncFunction = (async () => {}).constructor;

async function inNode(code) {
  const parts = [];
  const stream = new Writable({
    write(chunk, _, done) {
      parts.push(String(chunk));
      done();
    },
  });
  const own = new Console({ stdout: stream, stderr: stream, colorMode: false });
  await new AsyncFunction('console', code)(own);
  return parts.join('');
}

async function inIsolane(t, code) {
  const pool = await withPool(t);
  const parts = [];
  pool.on('console', ({ text }) => parts.push(`${text}\n`));
  await pool.submitTask({ type: 'javascript', code });
  await nextTurn();
  return parts.join('');
}

const log = (...values) => values.map((value) => [value, `console.log(${value})`]);

const ALIKE = [
  ...log(
    '',
    '"a"',
    '""',
    "'a\\nb'",
    '1',
    '-0',
    '1.50',
    'NaN',
    'true',
    'null',
    'undefined',
    '5n',
    'Symbol("s")',
    '1, "a", [1], { a: "b" }',
    '[]',
    '{}',
    '[1, 2, 3]',
    '[1, , 3]',
    '[, ,]',
    '["a\'b", \'c"d\', `e\\`f`]',
    '[undefined, null]',
    '[[[[[]]]]]',
    '{ a: { b: { c: { d: 1 } } } }',
    '{ f() {}, g: () => {}, h: class A {}, i: class extends Map {}, j: async () => {}, k: function* () {} }',
    'function named() {}',
    'class A {}',
    'class B extends Array {}',
    'Math.max',
    'async function a() {}',
    'function* g() {}',
    'async function* g() {}',
    'new Map([[1, { a: 2 }], ["k", [1]]])',
    'new Set(["a", { b: 1 }])',
    'new Map()',
    'new Set()',
    'new WeakMap()',
    'new WeakSet()',
    'new Date(0)',
    '[new Date(0)]',
    'new Date(NaN)',
    '/a/g',
    '[/a/g]',
    'new Number(1)',
    'new String("a")',
    'new Boolean(false)',
    'Object(5n)',
    'Object(Symbol("a"))',
    'Uint8Array.of(1, 2)',
    'new Float64Array(2)',
    'new BigInt64Array(1)',
    'Object.create(null)',
    'Object.create({ a: 1 })',
    'Object.assign(Object.create(null), { a: 1 })',
    'new (class A { x = 1 })()',
    'new (class A extends Map {})()',
    'new (class { x = 1 })()',
    'Array.from({ length: 5 }, (_, i) => i * 100)',
    'Array(200).fill(7)',
    'Array.from({ length: 30 }, (_, i) => "item" + i)',
    '"x".repeat(200)',
    '["x".repeat(200)]',
    'Array.from({ length: 7 }, (_, i) => ({ id: i, name: "name" + i }))',
    '{ get a() { return 1 }, set a(v) {}, get b() { return 1 }, set c(v) {} }',
    'globalThis.nothing',
    'Object.freeze({ a: 1 })',
    '(() => { const c = { name: "c" }; c.self = c; return c })()',
    '(() => { const c = []; c.push(c, [c]); return c })()',
    '[1, 2, 3].entries()',
    'new Map([[1, 2]]).keys()',
    'new Map([[1, 2]]).entries()',
    'new Set([1]).values()',
    '(function () { return arguments })(1, 2)',
    'JSON',
    'Math',
    'Symbol.iterator',
    '{ a: Symbol("x") }',
    '{ a: "b\\nc" }',
    '{ a: "it\'s" }',
    '"%"',
    '"100%"',
    '"%d"',
    '"a", "%s", "b"',
    '{ a: 123456789012, b: 1e21, c: 0.1 + 0.2 }',
    '[1.5, -0, NaN, Infinity]',
    '{ undefined: undefined, null: null }',
    '[["a", 1], ["b", 2]]',
    'new Array(3)',
    'Object.assign([1, 2], { extra: true })',
    'Object.assign(() => {}, { a: 1 })',
    '{ a: [{ b: { c: {} } }] }',
    'new Map([[{ a: 1 }, new Set([[1]])]])',
    '"漢字 😀"',
    '["漢字", "😀"]',
    '"\\u0000\\u001b"',
    'Object.create(Date.prototype)',
    'new Error("a").message',
    'structuredClone(new Map([[1, 2]]))',
    '{ long: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", other: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", third: 1 }',
  ),
  ...log(
    '"%s is %d years", "Ann", 42',
    '"%i|%i|%i", 42.9, "7.5x", -1.5',
    '"%f|%f", "1.5x", 2',
    '"%d|%d|%d", "5", 5n, {}',
    '"%j", { a: [1] }',
    '"%s", { a: { b: 1 } }',
    '"%s", [1, [2]]',
    '"%s", null',
    '"%s", undefined',
    '"%s", Symbol("a")',
    '"%s", 5n',
    '"%s", -0',
    '"%s", () => {}',
    '"%s", "a", "b"',
    '"%s %s", "a"',
    '"%%|%s", 1',
    '"%x %s", 1',
    '"%c styled %s", "color: red", 1',
    '"%O", { a: { b: { c: { d: 1 } } } }',
    '"a%sb%sc", 1, 2, 3',
    '"%d", "x"',
    '"%i", Symbol("a")',
    '"%f", Symbol("a")',
    '"%d", 1.5',
    '"%s", 1.50',
    '"%s", "multi\\nline"',
    '"%s", new Date(0)',
    '"%s", class A {}',
    '5, "%s", 1',
    '"%"',
    '"%s%"',
    '"%s", true',
    '"%s", { toString() { return "own" } }',
    '"%s", new (class A { toString() { return "own" } })()',
  ).map(([name, code]) => [`format ${name}`, code]),
  [
    'debug, info, warn and error print alike',
    'console.debug("a %s", 1); console.info({ a: 1 }); console.warn([1]); console.error("e", 2)',
  ],
  [
    'group',
    'console.group("g", 1); console.log("a\\nb"); console.group(); console.log({ a: 1 }); console.groupEnd(); console.warn("w"); console.groupEnd(); console.groupEnd(); console.log("out")',
  ],
  ['groupCollapsed', 'console.groupCollapsed("g"); console.log("a"); console.groupEnd()'],
  [
    'count',
    'console.count(); console.count("a"); console.count(); console.countReset(); console.count(); console.count(undefined); console.count(5)',
  ],
  ['assert', 'console.assert(true, "no"); console.assert(false); console.assert(0, "a %s", 1); console.assert()'],
  [
    'dir',
    'console.dir({ a: { b: { c: { d: 1 } } } }); console.dir("a"); console.dir({ a: { b: { c: { d: 1 } } } }, { depth: 0 })',
  ],
  ['dirxml', 'console.dirxml({ a: 1 }, [2])'],
  ['table of objects', 'console.table([{ a: 1, b: "x" }, { a: 2, c: true }])'],
  ['table of arrays', 'console.table([[1, 2], [3, 4]])'],
  [
    'table of primitives',
    'console.table([1, "a", true]); console.table("a"); console.table(5); console.table(null); console.table()',
  ],
  ['table of an object', 'console.table({ x: { a: 1 }, y: { b: 2 } })'],
  ['table with columns', 'console.table([{ a: 1, b: 2 }], ["b"])'],
  ['table of a Map and a Set', 'console.table(new Map([["a", 1]])); console.table(new Set([1]))'],
  ['empty table', 'console.table([])'],
  ['names that do nothing', 'console.profile?.(); console.profileEnd?.(); console.timeStamp?.("a")'],
  [
    'methods need no this',
    'const { log, warn, group, groupEnd, count } = console; log("a"); group(); warn("b"); groupEnd(); count()',
  ],
  [
    'indentation of objects in a group',
    'console.group("g"); console.log({ a: 1, b: { c: [1, 2, { d: 3 }] }, long: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", x: 1 }); console.groupEnd()',
  ],
];

describe('console prints as in Node', () => {
  for (const [name, code] of ALIKE) {
    test(name, async (t) => {
      assert.equal(await inIsolane(t, code), await inNode(code));
    });
  }
});

test('time, timeLog and timeEnd print a label and a time', async (t) => {
  const code =
    'console.time(); console.timeLog("default", 1, "b"); console.timeEnd(); console.time("x"); console.timeEnd("x");';
  const shape = (text) => text.replace(/\d+(\.\d+)?(ms|s)/g, 'TIME');
  assert.equal(shape(await inIsolane(t, code)), shape(await inNode(code)));
});

test('an error prints its name, message, cause and properties', async (t) => {
  const code = 'console.log(Object.assign(new TypeError("a", { cause: new Error("b") }), { code: "E" }))';
  for (const text of [await inIsolane(t, code), await inNode(code)]) {
    for (const part of ['TypeError: a', '    at ', 'Error: b', "code: 'E'"]) assert.ok(text.includes(part), text);
  }
});

test('trace prints its message and a stack', async (t) => {
  const text = await inIsolane(t, 'console.trace("why %s", 1)');
  assert.match(text, /^Trace: why 1\n {4}at /);
});

test('every method that the console of Node has is there', async (t) => {
  const names = [
    'assert',
    'clear',
    'count',
    'countReset',
    'debug',
    'dir',
    'dirxml',
    'error',
    'group',
    'groupCollapsed',
    'groupEnd',
    'info',
    'log',
    'profile',
    'profileEnd',
    'table',
    'time',
    'timeEnd',
    'timeLog',
    'timeStamp',
    'trace',
    'warn',
  ];
  const pool = await withPool(t);
  const code = 'return inputs.map((name) => [name, typeof console[name], console[name].name])';
  const seen = await pool.submitTask({ type: 'javascript', code, inputs: names });
  assert.deepEqual(
    seen,
    names.map((name) => [name, 'function', console[name].name]),
  );
});
