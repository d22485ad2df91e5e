'use strict';

// Realms that a task does all to keep, and crowds of them; and that nobody finds anything of another's.

const { memory, timeout, value } = require('../outcomes.js');

const CROWD = 60;

/** Holds on to its global object and a closure of some size, and ends. */
const keeps = (name, code) => ({
  name,
  code: `globalThis.large = new Array(2e4).fill(1.5); const all = () => [globalThis, globalThis.large]; ${code}; return all().length`,
  expect: value(2),
  options: { crowd: CROWD },
});
/** The same, and it is there until its time is over. */
const stays = (name, code) => ({
  name,
  code: `const all = () => globalThis; ${code}; await new Promise(() => {})`,
  expect: timeout,
  options: { crowd: 8 },
});
const each = (name, code, expected, options) => ({
  name,
  code,
  expect: value(expected),
  options: { crowd: CROWD, ...options },
});
const MARK = 'globalThis.n = (globalThis.n ?? 0) + 1; Array.prototype.push = null; Object.prototype.left = 1;';

module.exports = [
  keeps('a timer that never fires', 'setTimeout(all, 1e9)'),
  keeps('an interval', 'setInterval(all, 1)'),
  keeps('many timers', 'for (let i = 0; i < 500; i++) setTimeout(all, 1e9 + i)'),
  keeps('an immediate that starts itself again', 'const go = () => setImmediate(go, all); go()'),
  keeps(
    'a microtask that starts itself again, some times',
    'let n = 0; const go = () => { if (n++ < 1e4) queueMicrotask(go); all(); }; go()',
  ),
  keeps('a promise that never settles', 'new Promise(() => {}).then(all)'),
  keeps('an async function that waits for ever', '(async () => { await new Promise(() => {}); all(); })()'),
  keeps('an async generator that waits', 'const it = (async function* () { yield 1; all(); })(); it.next()'),
  keeps('a host call that never settles', 'host.never().then(all)'),
  keeps(
    'a host call that never settles, with a stream',
    'host.drain((async function* () { yield 1; await new Promise(() => {}); all(); })())',
  ),
  keeps('a request that is never answered', 'fetch(env.server + "/never").then(all, all)'),
  keeps('an import that is under way', 'import("app:tools").then(all)'),
  keeps('an import that never comes to its end', 'import("app:never").then(all)'),
  keeps('a digest that is under way', 'crypto.subtle.digest("SHA-256", new Uint8Array(1e5)).then(all)'),
  keeps(
    'a FinalizationRegistry',
    'const r = new FinalizationRegistry(all); for (let i = 0; i < 100; i++) r.register({}, all); r.register(globalThis, all, r)',
  ),
  keeps(
    'a FinalizationRegistry that starts itself again',
    'const go = () => { new FinalizationRegistry(go).register({}, all); }; go()',
  ),
  keeps(
    'weak references to all',
    'const refs = [new WeakRef(globalThis), new WeakRef(all), new WeakMap([[all, globalThis]])]; globalThis.refs = refs',
  ),
  keeps(
    'a message channel',
    'const { port1, port2 } = new MessageChannel(); port1.onmessage = all; port2.postMessage(globalThis.large)',
  ),
  keeps(
    'a message with a buffer that nobody receives',
    'const { port1 } = new MessageChannel(); port1.postMessage(0, [new ArrayBuffer(1e5)])',
  ),
  keeps('an abort signal with a timeout', 'AbortSignal.any([AbortSignal.timeout(1e9)]).onabort = all'),
  keeps(
    'a stream that is locked',
    'const { readable, writable } = new TransformStream(); readable.getReader().read().then(all); globalThis.w = writable',
  ),
  keeps('a rejection that nobody handles', 'Promise.reject({ all })'),
  keeps('an error with a stack', 'globalThis.e = Object.assign(new Error("e"), { all }); Error.captureStackTrace(all)'),
  keeps(
    'a proxy as prototype of its global object',
    'Object.setPrototypeOf(Object.prototype.constructor, new Proxy(all, {}))',
  ),
  keeps('WASM memory that is reserved', 'globalThis.m = new WebAssembly.Memory({ initial: 1, maximum: 65536 })'),
  keeps(
    'compiled functions',
    'globalThis.fs = Array.from({ length: 200 }, (_, i) => new Function("a", "return a + " + i)); fs.all = all',
  ),
  keeps('symbols of the registry', 'for (let i = 0; i < 100; i++) globalThis[Symbol.for("left" + i)] = all'),
  keeps('lines of its globals', 'console.log(globalThis, all)'),

  stays('an interval, to its end', 'setInterval(all, 1)'),
  stays('host calls, to its end', 'for (let i = 0; i < 100; i++) host.never().then(all)'),
  stays('requests, to its end', 'for (let i = 0; i < 50; i++) fetch(env.server + "/never").then(all, all)'),
  stays(
    'a FinalizationRegistry, to its end',
    'globalThis.r = new FinalizationRegistry(all); for (let i = 0; i < 1e4; i++) r.register({}, all)',
  ),

  each(
    'globals and built-ins, one after the other',
    `const seen = [typeof n, typeof [].push, {}.left]; ${MARK} return [...seen, n]`,
    ['undefined', 'function', undefined, 1],
  ),
  each(
    'globals and built-ins, across an await',
    `${MARK} await null; const seen = n; await host.echo(1); return [seen, n, {}.left]`,
    [1, 1, 1],
  ),
  each('globals and built-ins, in a filter', `${MARK} return n === 1 ? { n } : null`, { n: 1 }, { type: 'filter' }),
  {
    name: 'globals and built-ins, in handlers with a realm of their own',
    handler: `() => { const seen = [typeof globalThis.n, typeof [].push, {}.left]; ${MARK} return [...seen, n]; }`,
    expect: value(['undefined', 'function', undefined, 1]),
    options: { crowd: 20, isolation: 'context' },
  },
  {
    name: 'a loop in a handler with a realm of its own',
    handler: '() => { for (;;); }',
    expect: timeout,
    options: { isolation: 'context', crowd: 4 },
  },
  {
    name: 'all memory in a handler with a realm of its own',
    handler: '() => { const all = []; for (;;) all.push({ n: all.length }); }',
    expect: memory,
    options: { isolation: 'context', crowd: 4 },
  },
  {
    name: 'a timer in a handler with a realm of its own',
    handler: '() => { setInterval(() => globalThis, 1); return 1; }',
    expect: value(1),
    options: { isolation: 'context', crowd: 20 },
  },
  each('a realm for nothing', '', undefined, { crowd: 300 }),
  {
    name: 'functions without end',
    code: 'for (let i = 0; ; i++) new Function("return " + i);',
    expect: [timeout, memory],
    varies: 'what is compiled is collected, where there is time',
    options: { timeout: 1000 },
  },
  {
    name: 'evals without end',
    code: 'for (let i = 0; ; i++) (0, eval)("var v" + i + " = () => " + i);',
    expect: [timeout, memory],
    varies: 'each takes a global for ever, and a slow machine comes to few of them',
    options: { timeout: 5000 },
  },
];
