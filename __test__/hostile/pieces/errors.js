'use strict';

// Errors of every make, and tampering with what everybody uses.

const { fails, memory, refused, timeout, value } = require('../outcomes.js');

const thrown = (name, code, cause, options) => ({ name, code, expect: fails(cause), options });
const gives = (name, code, expected, options) => ({ name, code, expect: value(expected), options });
/** What spoils its realm: that of a task, and, in a handler, the one that handlers share. */
const both = ({ options, ...piece }) => [
  { ...piece, options },
  {
    name: `${piece.name}, in a handler`,
    handler: `async () => { ${piece.code} }`,
    expect: piece.expect,
    varies: piece.varies,
    options: { ...options, taints: true },
  },
];
/** It must get its own result all the same. */
const taints = (name, code, expected = 1) => both(gives(name, code, expected));

const THROWS = `{ throw new Error('gotcha'); }`;
const isText = (cause) => typeof cause === 'string' || cause instanceof Error;
const later = (code) => `${code} await new Promise((r) => setTimeout(r, 20)); return 'late';`;

/** Names with which a task might get out. None of them does anything beyond its task. */
const EXITS = [
  'process.exit(3)',
  'process.abort()',
  'process.kill(process.pid)',
  'require("fs")',
  'module.exports',
  'Deno.exit(3)',
  'Deno.core.ops.op_panic()',
  'quit()',
  'gc()',
  'close()',
  'self.close()',
  'postMessage(1)',
  'isolane.run()',
  'rustyscript.exit()',
  '__bootstrap.core.ops',
];

module.exports = [
  thrown('null', 'throw null', null),
  thrown('undefined', 'throw undefined', undefined),
  thrown('undefined after an await', 'await null; throw undefined', undefined),
  thrown('a symbol', `throw Symbol('s')`, isText),
  thrown('a function', 'throw function named() {}', isText),
  thrown('a class', 'throw class Named {}', isText),
  thrown('a proxy', 'throw new Proxy(new Error("inner"), {})', () => true),
  thrown('a revoked proxy', 'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy', () => true),
  thrown(
    'a proxy that throws at everything',
    `const all = new Proxy({}, { get: (_, name) => () => { throw new Error(name); } }); throw new Proxy({}, all)`,
    () => true,
  ),
  thrown('a promise', 'throw Promise.resolve(1)', () => true),
  thrown('globalThis', 'throw globalThis', () => true),
  thrown('an object that throws in toString', `throw { toString() ${THROWS} }`, () => true),
  thrown('an object without prototype', 'throw Object.create(null)', {}),
  thrown('a buffer', 'throw new Uint8Array([1, 2])', new Uint8Array([1, 2])),
  thrown('a generator object', 'throw (function* () {})()', () => true),
  thrown('a WeakRef', 'throw new WeakRef({})', () => true),
  ...['message', 'stack', 'name', 'cause'].map((name) =>
    thrown(
      `an error whose ${name} throws`,
      `throw Object.defineProperty(new TypeError('outer'), '${name}', { enumerable: true, get() ${THROWS} })`,
      (cause) => cause instanceof Error || typeof cause === 'string',
    ),
  ),
  ...['message', 'stack', 'name', 'cause'].map((name) =>
    thrown(
      `an error whose ${name} is a symbol`,
      `const e = new TypeError('outer'); e.${name} = Symbol('s'); throw e`,
      (cause) => cause instanceof Error,
    ),
  ),
  thrown(
    'an error with a throwing property',
    `throw Object.defineProperty(new Error('outer'), 'x', { enumerable: true, get() ${THROWS} })`,
    /^Error: outer$/,
  ),
  thrown(
    'an error that is its own cause',
    'const e = new Error("self"); e.cause = e; throw e',
    (e) => e.message === 'self' && e.cause === e,
  ),
  thrown(
    'errors that are causes of each other',
    'const a = new Error("a"), b = new Error("b", { cause: a }); a.cause = b; throw a',
    (e) => e.cause.cause === e,
  ),
  thrown(
    'an AggregateError that holds itself',
    'const e = new AggregateError([], "all"); e.errors.push(e, 1); throw e',
    (e) => e.message === 'all',
  ),
  thrown(
    'an AggregateError of many',
    'throw new AggregateError(Array.from({ length: 2000 }, (_, n) => new Error(n)), "many")',
    (e) => e.errors.length === 2000,
  ),
  thrown('a frozen error', 'throw Object.freeze(new Error("cold"))', /^Error: cold$/),
  thrown('an error without prototype', 'throw Object.setPrototypeOf(new Error("bare"), null)', () => true),
  thrown(
    'an error with a proxy as prototype',
    `const e = new Error('odd'); Object.setPrototypeOf(e, new Proxy({}, { getPrototypeOf() ${THROWS}, get() ${THROWS} })); throw e`,
    () => true,
  ),
  thrown(
    'an error with many own properties',
    'const e = new Error("wide"); for (let i = 0; i < 1e5; i++) e["p" + i] = i; throw e',
    (e) => e.message === 'wide' && [undefined, 99_999].includes(e.p99999),
  ),
  thrown(
    'an error with functions as properties',
    'throw Object.assign(new Error("alive"), { f() {}, s: Symbol(), w: new WeakMap(), keep: 1 })',
    (e) => e.message === 'alive' && e.keep === 1,
  ),
  thrown(
    'an error named __proto__',
    `throw Object.assign(new Error('p'), JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 1}'))`,
    (e) => e.message === 'p' && {}.polluted === undefined,
  ),
  thrown(
    'a DOMException with its own properties',
    'throw Object.assign(new DOMException("gone", "NotFoundError"), { f() {} })',
    (e) => /gone/.test(e?.message ?? e),
  ),
  thrown(
    'a rejection with itself as cause',
    'const e = new Error("again"); e.cause = Promise.reject(e); throw e',
    /^Error: again$/,
  ),
  thrown('a thenable that throws', `return { then() { throw new Error('then') } }`, /^Error: then$/),
  thrown('a then getter that throws', `return { get then() { throw new Error('get') } }`, /^Error: get$/),
  thrown(
    'a thenable that rejects twice',
    `return { then(_, reject) { reject(new Error('one')); reject(new Error('two')); throw new Error('three'); } }`,
    /^Error: one$/,
  ),
  gives(
    'a thenable that resolves twice',
    'return { then(resolve, reject) { resolve(1); resolve(2); reject(3); throw 4; } }',
    1,
  ),
  gives(
    'a promise that is settled many times',
    'return new Promise((resolve, reject) => { resolve(1); resolve(2); reject(3); throw 4; })',
    1,
  ),
  {
    name: 'a promise that resolves with itself',
    code: 'let go; const p = new Promise((resolve) => { go = resolve; }); go(p); return p',
    expect: fails(/^TypeError: Chaining cycle detected/),
  },
  { name: 'a thenable that never does', code: 'return { then() {} }', expect: timeout },
  {
    name: 'a thenable of a handler that resolves twice',
    handler: '() => ({ then(resolve, reject) { resolve(1); resolve(2); reject(3); throw 4; } })',
    expect: value(1),
  },
  {
    name: 'a handler that throws a revoked proxy',
    handler: '() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy; }',
    expect: fails(() => true),
  },
  {
    name: 'a handler that returns a revoked proxy',
    handler: '() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; }',
    expect: [refused(/./), fails(/^TypeError: /)],
    varies: 'looking for its then throws first',
  },
  gives(
    'a rejection after its return',
    'setTimeout(() => Promise.reject(new Error("late")), 1); queueMicrotask(() => Promise.reject(new Error("soon"))); return 1',
    1,
  ),
  gives('a rejection before its return that nobody handles', 'Promise.reject(new Error("left")); return 1', 1),
  gives(
    'a timer that throws after its return',
    'setTimeout(() => { throw new Error("late"); }, 0); setTimeout(() => { throw null; }, 1); return 1',
    1,
  ),
  gives('an interval that throws after its return', 'setInterval(() => { throw undefined; }, 0); return 1', 1),
  gives('a loop in a timer after its return', 'setTimeout(() => { for (;;); }, 0); return 1', 1),
  thrown('a rejection while it waits', later('Promise.reject(new Error("mine"));'), /^Error: mine$/),
  thrown(
    'a timer that throws while it waits',
    later('setTimeout(() => { throw new Error("mine"); }, 1);'),
    /^Error: mine$/,
  ),
  thrown(
    'a microtask that throws while it waits',
    later('queueMicrotask(() => { throw new Error("mine"); });'),
    /^Error: mine$/,
  ),
  thrown(
    'a rejection with a revoked proxy while it waits',
    later('const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); Promise.reject(proxy);'),
    () => true,
  ),
  thrown('a flood of unhandled rejections', later('for (let i = 0; i < 1e5; i++) Promise.reject(i);'), (cause) =>
    Number.isInteger(cause),
  ),
  gives(
    'a flood of unhandled rejections that it leaves',
    'for (let i = 0; i < 3e4; i++) Promise.reject(i); return 1',
    1,
  ),
  gives(
    'rejections that are handled late',
    later('const p = Promise.reject(1); queueMicrotask(() => p.catch(() => {}));'),
    'late',
  ),
  thrown(
    'an event listener that throws',
    later(
      'const t = new EventTarget(); t.addEventListener("x", () => { throw new Error("heard"); }); t.dispatchEvent(new Event("x"));',
    ),
    /^Error: heard$/,
  ),
  thrown(
    'an abort listener that throws',
    later(
      'const c = new AbortController(); c.signal.addEventListener("abort", () => { throw new Error("heard"); }); c.abort();',
    ),
    /^Error: heard$/,
  ),
  {
    name: 'an abort listener that loops',
    code: 'const c = new AbortController(); c.signal.onabort = () => { for (;;); }; c.abort();',
    expect: timeout,
  },
  gives(
    'an AbortSignal.timeout that nobody hears',
    'AbortSignal.timeout(1).onabort = () => { throw new Error("late"); }; return 1',
    1,
  ),
  ...both(
    gives(
      'finalizers that throw',
      'const r = new FinalizationRegistry(() => { throw new Error("final"); }); for (let i = 0; i < 1e4; i++) r.register({}, i); let s = []; for (let i = 0; i < 100; i++) { s = new Array(1e4).fill(i); await null; } return s.length',
      1e4,
    ),
  ),
  ...both(
    gives(
      'finalizers that loop',
      'const r = new FinalizationRegistry(() => { for (;;); }); for (let i = 0; i < 100; i++) r.register({}, i); let s = []; for (let i = 0; i < 100; i++) s = new Array(1e4).fill(i); return s.length',
      1e4,
    ),
  ),
  thrown(
    'a stack of its own make',
    'const e = new Error("odd"); e.stack = { toString() { for (;;); } }; throw e',
    /^Error: odd$/,
  ),
  ...both(
    thrown(
      'an endless stack',
      'Error.stackTraceLimit = Infinity; const f = (n) => { if (n === 0) throw new Error("far"); f(n - 1); }; f(5000)',
      /^Error: far$/,
    ),
  ),
  ...both(
    thrown(
      'a stackTraceLimit that throws',
      `Object.defineProperty(Error, 'stackTraceLimit', { get() ${THROWS} }); throw new Error('mine')`,
      /^Error: (mine|gotcha)$/,
    ),
  ),
  ...both(
    thrown(
      'a prepareStackTrace that throws',
      `Error.prepareStackTrace = () => ${THROWS}; throw new Error('mine')`,
      (cause) => cause instanceof Error,
    ),
  ),
  ...both({
    name: 'a prepareStackTrace that loops',
    code: 'Error.prepareStackTrace = () => { for (;;); }; throw new Error("mine")',
    expect: [timeout, fails(/^Error: mine$/)],
    varies: 'it is asked when the stack is first read, if at all',
    options: { timeout: 300 },
  }),
  ...both(
    thrown(
      'a prepareStackTrace that gives a function',
      'Error.prepareStackTrace = () => () => {}; throw new Error("mine")',
      /^Error: mine$/,
    ),
  ),
  ...EXITS.map((code) => thrown(`the name ${code}`, `return ${code}`, /^(ReferenceError|TypeError): /)),
  thrown('error events', 'reportError(new Error("told"))', () => true),
  ...both(
    thrown(
      'globalThis.onerror',
      later(
        'globalThis.onerror = () => true; globalThis.onunhandledrejection = (e) => e.preventDefault(); Promise.reject(new Error("mine"));',
      ),
      /^Error: mine$/,
    ),
  ),
  gives('a result whose getter throws away the error', `return Object.keys({ get x() ${THROWS} }).length`, 1),
  { name: 'a result whose getter throws', code: `return { deep: [{ get x() ${THROWS} }] }`, expect: refused(/gotcha/) },
  {
    name: 'a result with a throwing proxy',
    code: `return [new Proxy({}, { ownKeys() ${THROWS} })]`,
    expect: refused(/result/),
  },
  gives(
    'a result that changes while it is read',
    `const list = [1, 2]; list.push({ get x() { list.length = 0; return 1; } }, 3); return list`,
    () => true,
  ),
  gives(
    'a result whose getter grows it',
    'const o = { get a() { for (let i = 0; i < 1e4; i++) this["k" + i] = i; return 1; }, b: 2 }; return o',
    (o) => o.a === 1 && o.b === 2,
  ),
  {
    name: 'errors until there is no memory',
    code: 'const all = []; for (;;) all.push(new Error("x".repeat(1000) + all.length));',
    expect: memory,
  },

  ...taints(
    'Object.prototype with a getter that throws',
    `Object.defineProperty(Object.prototype, 'cause', { get() ${THROWS}, configurable: true }); return 1`,
  ),
  ...taints(
    'Object.prototype with setters',
    `for (const k of ['a', 'b', 'type', 'value', 'inputs', 'config', 'get', 'set']) Object.defineProperty(Object.prototype, k, { __proto__: null, set() ${THROWS}, get() { return undefined; }, configurable: true }); return 1`,
  ),
  ...taints(
    'Object.prototype with entries',
    'for (const k of ["then2", "get", "writable", "enumerable", "configurable", "value"]) Object.prototype[k] = true; return 1',
  ),
  ...taints(
    'Object.prototype.__proto__',
    'delete Object.prototype.__proto__; delete Object.prototype.toString; delete Object.prototype.hasOwnProperty; return 1',
  ),
  ...taints('Array.prototype[Symbol.iterator]', `Array.prototype[Symbol.iterator] = function* () ${THROWS}; return 1`),
  ...taints('the iterator of arrays', `Object.getPrototypeOf([][Symbol.iterator]()).next = () => ${THROWS}; return 1`),
  ...taints(
    'indices of Array.prototype',
    `for (let i = 0; i < 100; i++) Object.defineProperty(Array.prototype, i, { set() ${THROWS}, get() { return 'hole'; }, configurable: true }); return 1`,
  ),
  ...taints(
    'methods of Array.prototype',
    `for (const k of Object.getOwnPropertyNames(Array.prototype)) if (k !== 'length' && k !== 'constructor') Array.prototype[k] = () => ${THROWS}; return 1`,
  ),
  ...taints(
    'Function.prototype.call and apply',
    `for (const k of ['call', 'apply', 'bind']) Object.defineProperty(Function.prototype, k, { value: () => ${THROWS} }); return 1`,
  ),
  ...taints('Promise.prototype.then', `Promise.prototype.then = () => ${THROWS}; return 1`),
  ...taints('Promise.prototype.then, after an await', `Promise.prototype.then = () => ${THROWS}; await null; return 1`),
  ...taints('Promise.prototype.then with a loop', 'Promise.prototype.then = () => { for (;;); }; await null; return 1'),
  ...taints(
    'the species of promises',
    `Object.defineProperty(Promise, Symbol.species, { get() ${THROWS} }); Object.defineProperty(Promise.prototype, 'constructor', { get() ${THROWS} }); return 1`,
  ),
  ...taints('Promise itself', 'globalThis.Promise = class {}; Promise.resolve = undefined; return 1'),
  ...taints(
    'methods of Map, Set and WeakMap',
    `for (const C of [Map, Set, WeakMap, WeakSet]) for (const k of Object.getOwnPropertyNames(C.prototype)) if (k !== 'constructor') Object.defineProperty(C.prototype, k, { value: () => ${THROWS} }); return 1`,
  ),
  ...taints(
    'JSON, Reflect, Math and Object',
    `for (const o of [JSON, Reflect, Math, Object]) for (const k of Object.getOwnPropertyNames(o)) if (k !== 'prototype') try { o[k] = () => ${THROWS}; } catch {} return 1`,
  ),
  ...taints(
    'methods of Error.prototype',
    `for (const k of ['name', 'message', 'toString', 'stack']) Object.defineProperty(Error.prototype, k, { get() ${THROWS} }); return 1`,
  ),
  ...taints(
    'String.prototype and RegExp.prototype',
    `for (const C of [String, RegExp, Number, Symbol]) for (const k of Object.getOwnPropertyNames(C.prototype)) try { Object.defineProperty(C.prototype, k, { value: () => ${THROWS} }); } catch {} return 1`,
  ),
  ...taints(
    'typed arrays and ArrayBuffer',
    `for (const C of [Uint8Array, ArrayBuffer, DataView, Object.getPrototypeOf(Uint8Array)]) { for (const k of Object.getOwnPropertyNames(C.prototype)) if (k !== 'constructor') try { Object.defineProperty(C.prototype, k, { value: undefined }); } catch {} delete globalThis[C.name]; } return 1`,
  ),
  ...taints(
    'all timers',
    `for (const k of ['setTimeout', 'setInterval', 'clearTimeout', 'queueMicrotask', 'structuredClone', 'AbortController', 'DOMException', 'console']) globalThis[k] = () => ${THROWS}; return 1`,
  ),
  ...taints(
    'EventTarget.prototype',
    `for (const C of [EventTarget, AbortController, AbortSignal, Event]) for (const k of Object.getOwnPropertyNames(C.prototype)) try { Object.defineProperty(C.prototype, k, { value: () => ${THROWS} }); } catch {} return 1`,
  ),
  ...taints(
    'all globals',
    'for (const k of Object.getOwnPropertyNames(globalThis)) try { delete globalThis[k]; } catch {} return 1',
  ),
  ...taints(
    'the prototype of globalThis',
    'Object.setPrototypeOf(Object.getPrototypeOf(globalThis) ?? {}, null); return 1',
  ),
  ...taints(
    'globalThis with a proxy as prototype',
    `try { Object.setPrototypeOf(globalThis, new Proxy({}, { get() ${THROWS}, has: () => true })); } catch {} return 1`,
  ),
  ...taints(
    'everything frozen',
    'for (const k of Object.getOwnPropertyNames(globalThis)) { const v = globalThis[k]; if (v !== globalThis && v?.prototype) { Object.freeze(v.prototype); Object.freeze(v); } } try { Object.freeze(globalThis); } catch {} return 1',
  ),
  ...taints('Object.prototype.then', 'Object.prototype.then = function (resolve) { resolve(1); }; return 1'),
  ...taints('Object.prototype.then with a loop', 'Object.prototype.then = () => { for (;;); }; return 1'),
  ...taints(
    'Symbol.toStringTag of everything',
    `for (const C of [Object, Array, Map, Error, Promise]) Object.defineProperty(C.prototype, Symbol.toStringTag, { get() ${THROWS}, configurable: true }); return 1`,
  ),
  ...both({
    name: 'Object.prototype and an error',
    code: `for (const k of ['cause', 'name', 'message', 'stack', 'errors']) Object.defineProperty(Object.prototype, k, { get() ${THROWS}, set() ${THROWS}, configurable: true }); throw new TypeError('mine')`,
    // V8's serializer reads the cause of an error by way of its prototype, and that throws.
    expect: fails(() => true),
  }),
  ...both({
    name: 'prototypes of errors and an error with a cause',
    code: `Object.setPrototypeOf(TypeError.prototype, null); Object.setPrototypeOf(Error, null); Error.prototype.constructor = undefined; throw new Error('mine', { cause: new TypeError('why') })`,
    expect: fails((e) => e.message === 'mine' && e.cause?.message === 'why'),
  }),
  ...both({
    name: 'a Map as result without the methods of Map',
    code: `for (const k of ['set', 'get', 'entries', 'forEach', Symbol.iterator]) Object.defineProperty(Map.prototype, k, { value: () => ${THROWS} }); return new Map([[1, 2]])`,
    expect: fails(/^Error: gotcha$/),
  }),
];
