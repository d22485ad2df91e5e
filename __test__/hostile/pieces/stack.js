'use strict';

// What goes deeper than a stack.

const { fails, overflow, refused, value } = require('../outcomes.js');

const DEEP = 100_000;
/** The same place, `DEEP` levels down, without recursion on this side. */
const nest = (step, start = '[]', depth = DEEP) =>
  `let deep = ${start}; for (let i = 0; i < ${depth}; i++) deep = ${step};`;
const tooDeep = refused(/Maximum call stack size exceeded/);

module.exports = [
  { name: 'plain recursion', code: 'const f = () => f() + 1; return f();', expect: overflow },
  { name: 'recursion in a handler', handler: '() => { const f = () => f() + 1; return f(); }', expect: overflow },
  { name: 'recursion after an await', code: 'await null; const f = () => f() + 1; return f();', expect: overflow },
  {
    name: 'recursion that is caught',
    code: 'const f = () => f() + 1; try { f(); } catch (e) { return e.name; }',
    expect: value('RangeError'),
  },
  {
    name: 'recursion that starts again in each frame',
    code: 'let n = 0; const f = () => { if (n > 1e5) return; n++; try { f(); } catch { f(); } }; f(); return n > 1e5;',
    expect: value(true),
  },
  {
    name: 'mutual recursion with large frames',
    code: 'const f = (...all) => f(...all, 1); return f();',
    expect: overflow,
  },
  {
    name: 'recursion through a getter',
    code: 'const o = { get x() { return this.x; } }; return o.x;',
    expect: overflow,
  },
  { name: 'recursion through a setter', code: 'const o = { set x(v) { this.x = v; } }; o.x = 1;', expect: overflow },
  {
    name: 'recursion through a proxy',
    code: 'const p = new Proxy({}, { get: (t, k) => p[k] }); return p.x;',
    expect: overflow,
  },
  {
    name: 'a chain of proxies',
    code: `${nest('new Proxy(deep, {})', '{}')} return deep.x;`,
    expect: overflow,
  },
  {
    name: 'a proxy that is its own prototype',
    code: 'const p = new Proxy({}, {}); Object.setPrototypeOf(p, p); return p.x;',
    expect: [overflow, fails(/^TypeError: Cyclic __proto__ value$/)],
    varies: 'a proxy may hide the cycle from the check or not',
  },
  {
    name: 'recursion through toString',
    code: 'const o = { toString() { return String(o); } }; return String(o);',
    expect: overflow,
  },
  {
    name: 'recursion through toJSON',
    code: 'const o = { toJSON: () => JSON.stringify(o) }; return JSON.stringify(o);',
    expect: overflow,
  },
  { name: 'recursion through a reviver', code: `const f = () => JSON.parse('[1]', f); return f();`, expect: overflow },
  {
    name: 'recursion through a replacer',
    code: 'const f = () => [1].map(() => JSON.stringify({ a: 1 }, f)); return f();',
    expect: overflow,
  },
  { name: 'recursion through a comparator', code: 'const f = () => [2, 1].sort(f); return f();', expect: overflow },
  { name: 'recursion through a constructor', code: 'class C { x = new C(); } return new C();', expect: overflow },
  { name: 'recursion through eval', code: `const f = () => eval('f()'); return f();`, expect: overflow },
  {
    name: 'recursion through bind',
    code: `${nest('deep.bind(null)', '() => 1')} return deep();`,
    expect: [overflow, value(1)],
    varies: 'bound functions may be unrolled',
  },
  {
    name: 'recursion through Symbol.toPrimitive',
    code: 'const o = { [Symbol.toPrimitive]: () => +o }; return +o;',
    expect: overflow,
  },
  {
    name: 'recursion through an AbortSignal',
    code: `const f = () => { const c = new AbortController(); c.signal.addEventListener('abort', f); c.abort(); }; f(); return 1;`,
    expect: [value(1), overflow],
    varies: 'errors of listeners are reported and not thrown',
  },
  {
    name: 'JSON.parse of deep text',
    code: `return JSON.parse('['.repeat(${DEEP}) + ']'.repeat(${DEEP})).length;`,
    expect: [overflow, value(1)],
    varies: 'V8 parses JSON without recursion since 7.6',
  },
  {
    name: 'JSON.stringify of a deep value',
    code: `${nest('[deep]')} return JSON.stringify(deep).length;`,
    expect: overflow,
  },
  {
    name: 'a deeply nested regular expression',
    code: `return new RegExp('('.repeat(${DEEP}) + ')'.repeat(${DEEP})).test('');`,
    expect: fails(/^SyntaxError: Invalid regular expression: .*(too large|stack overflow|too many captures)/is),
  },
  {
    name: 'a regular expression that backtracks deep',
    code: `return /^(?:a|b)*?c/.test('ab'.repeat(1e6));`,
    expect: [value(false), overflow],
    varies: 'the backtrack stack has its own limit',
  },
  {
    name: 'code with many parentheses',
    code: `return ${'('.repeat(DEEP)}1${')'.repeat(DEEP)};`,
    expect: fails(/^(RangeError: Maximum call stack size exceeded|SyntaxError: )/),
  },
  {
    name: 'code with many brackets',
    code: `return ${'['.repeat(DEEP)}${']'.repeat(DEEP)};`,
    expect: fails(/^(RangeError: Maximum call stack size exceeded|SyntaxError: )/),
  },
  {
    name: 'code with many unclosed brackets',
    code: `return ${'[{a:'.repeat(DEEP)}`,
    expect: fails(/^(RangeError: Maximum call stack size exceeded|SyntaxError: )/),
  },
  {
    name: 'code with many nested functions',
    code: `return ${'(() => '.repeat(20_000)}1${')'.repeat(20_000)};`,
    expect: fails(/^(RangeError: Maximum call stack size exceeded|SyntaxError: )/),
  },
  {
    name: 'code with many nested templates',
    code: `return ${'`${'.repeat(20_000)}1${'}`'.repeat(20_000)};`,
    expect: fails(/^(RangeError: Maximum call stack size exceeded|SyntaxError: )/),
  },
  {
    name: 'code with many nested blocks',
    code: `${'{'.repeat(DEEP)}${'}'.repeat(DEEP)} return 1;`,
    expect: fails(/^(RangeError: Maximum call stack size exceeded|SyntaxError: )/),
  },
  { name: 'code with a long sum', code: `return ${'1+'.repeat(DEEP)}1;`, expect: value(DEEP + 1) },
  {
    name: 'code with deep generic types',
    code: `const x: ${'Array<'.repeat(20_000)}number${'>'.repeat(20_000)} = []; return x;`,
    // Read on a thread of its own, with room for it.
    expect: value([]),
  },
  {
    name: 'eval of many parentheses',
    code: `return eval('('.repeat(${DEEP}) + '1' + ')'.repeat(${DEEP}));`,
    expect: overflow,
  },
  { name: 'a deeply nested array as result', code: `${nest('[deep]')} return deep;`, expect: tooDeep },
  { name: 'a deeply nested object as result', code: `${nest('{ deep }', '{}')} return deep;`, expect: tooDeep },
  { name: 'a deeply nested Map as result', code: `${nest('new Map([[1, deep]])')} return deep;`, expect: tooDeep },
  {
    name: 'a deeply nested Set as result, in a handler',
    handler: `() => { ${nest('new Set([deep])')} return deep; }`,
    expect: tooDeep,
  },
  {
    name: 'a deeply nested array of a filter',
    code: `${nest('[deep]')} return deep;`,
    expect: tooDeep,
    options: { type: 'filter' },
  },
  {
    name: 'a deep chain of causes',
    code: `${nest(`new Error('at ' + i, { cause: deep })`, 'null', 10_000)} throw deep;`,
    expect: fails((error) => error.message === 'at 9999' && error instanceof Error),
  },
  {
    name: 'a deep chain of errors as result',
    code: `${nest('new Error(String(i), { cause: deep })', 'null', 10_000)} return deep;`,
    expect: [value((error) => error.message === '9999'), tooDeep],
    varies: 'what is too deep may be refused or cut',
  },
  {
    name: 'an error with a deep own property',
    code: `${nest('[deep]')} throw Object.assign(new Error('deep'), { deep });`,
    expect: fails(/^Error: deep$/),
  },
  { name: 'a deep value thrown', code: `${nest('[deep]')} throw deep;`, expect: fails(() => true) },
  {
    name: 'structuredClone of a deep value',
    code: `${nest('[deep]')} return structuredClone(deep);`,
    expect: fails(/Maximum call stack size exceeded|could not be cloned/),
  },
  { name: 'console.log of a deep value', code: `${nest('[deep]')} console.log(deep); return 1;`, expect: value(1) },
  {
    name: 'console.dir of a deep value without limit',
    code: `${nest('[deep]')} try { console.dir(deep, { depth: Infinity }); } catch (e) { return e.name; } return 'RangeError';`,
    expect: value('RangeError'),
  },
  { name: 'flat of a deep value', code: `${nest('[deep]')} return deep.flat(Infinity).length;`, expect: overflow },
  { name: 'join of a deep value', code: `${nest('[deep]')} return String(deep);`, expect: overflow },
  {
    name: 'a deep chain of promises',
    code: `let p = Promise.resolve(7); for (let i = 0; i < ${DEEP}; i++) p = p.then((v) => v); return p;`,
    expect: value(7),
  },
  {
    name: 'a deep chain of adopted promises',
    code: `let p = Promise.resolve(7); for (let i = 0; i < ${DEEP}; i++) { const q = p; p = new Promise((r) => r(q)); } return p;`,
    expect: value(7),
  },
  {
    name: 'a deep chain of async functions',
    code: 'const f = async (n) => (n === 0 ? 0 : 1 + (await f(n - 1))); return f(1000);',
    expect: value(1000),
  },
  {
    name: 'endless recursion of async functions',
    code: 'const f = async () => 1 + (await f()); return f();',
    expect: overflow,
  },
  {
    name: 'a deep chain of prototypes',
    code: `${nest('Object.create(deep)', '{}', 10_000)} return deep.x;`,
    expect: value(undefined),
  },
  { name: 'a deep rope', code: `${nest(`deep + 'x'`, `''`)} return deep.charCodeAt(7);`, expect: value(120) },
  {
    name: 'a deep rope that grows to the left',
    code: `${nest(`'x' + deep`, `''`)} return deep.length;`,
    expect: value(DEEP),
  },
];
