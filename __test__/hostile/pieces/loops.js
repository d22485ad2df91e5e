'use strict';

// What never comes to its end.

const { timeout } = require('../outcomes.js');

/** `(module (func (export "f") (loop (br 0))))` */
const ENDLESS_WASM = '0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,7,5,1,1,102,0,0,10,9,1,7,0,3,64,12,0,11,11';
const SPIN = '{ for (;;); }';

const endless = (name, code, options) => ({ name, code, expect: timeout, options });
const handler = (name, source) => ({ name: `${name}, in a handler`, handler: source, expect: timeout });

module.exports = [
  endless('a plain loop', 'for (;;);'),
  endless('a loop after an await', 'await null; for (;;);'),
  endless('a loop after a timer', 'await new Promise((r) => setTimeout(r, 1)); for (;;);'),
  endless('a loop in a timer', `setTimeout(() => ${SPIN}, 1); await new Promise(() => {});`),
  endless('a labelled nested loop', 'outer: for (;;) for (;;) for (let i = 0; ; i++) if (i > 9) continue outer;'),
  endless('a loop that comes back in finally', 'for (;;) { try { for (;;); } catch {} finally { continue; } }'),
  endless('a loop in a filter', '(() => { for (;;); })()', { type: 'filter' }),
  endless('a promise that never settles', 'await new Promise(() => {});'),
  endless('an async loop over microtasks', 'for (;;) await null;'),
  endless('an async loop over timers', 'for (;;) await new Promise((resolve) => setTimeout(resolve));'),
  endless('a microtask flood', 'const f = () => queueMicrotask(f); f(); await new Promise(() => {});'),
  endless(
    'a promise reaction flood',
    'const f = () => { Promise.resolve().then(f); }; f(); await new Promise(() => {});',
  ),
  endless(
    'a timer flood',
    'const f = () => setTimeout(f); for (let i = 0; i < 1000; i++) f(); await new Promise(() => {});',
  ),
  endless('an interval flood', 'for (let i = 0; i < 1000; i++) setInterval(() => {}); await new Promise(() => {});'),
  endless('a catastrophic regular expression', `return /^(a+)+$/.test('a'.repeat(50) + 'b');`),
  endless('a catastrophic regular expression in replace', `return 'a'.repeat(50).replace(/(a|aa)+$(?<=b)/g, '');`),
  endless(
    'a WASM loop',
    `new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([${ENDLESS_WASM}]))).exports.f();`,
  ),
  endless('an endless generator', 'function* all() { for (;;) yield 1; } for (const _ of all());'),
  endless('an endless async generator', 'async function* all() { for (;;) yield 1; } for await (const _ of all());'),
  endless(
    'an iterator without end into a Set',
    'new Set({ [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }) }) });',
  ),
  endless('a proxy trap', `return new Proxy({}, { get() ${SPIN} }).x;`),
  endless('a proxy whose ownKeys loops, as a result', `return new Proxy({}, { ownKeys() ${SPIN} });`),
  endless('a getter', `return ({ get x() ${SPIN} }).x;`),
  endless('a getter of the result', `return { get x() ${SPIN} };`),
  endless('a getter of the error', `throw { get x() ${SPIN} };`),
  endless(
    'a getter of an error for its message',
    `throw Object.defineProperty(new Error(), 'message', { get() ${SPIN} });`,
  ),
  endless(
    'a getter of an error for its stack',
    `throw Object.defineProperty(new Error(), 'stack', { get() ${SPIN} });`,
  ),
  endless(
    'a getter of an error for its cause',
    `throw Object.defineProperty(new Error(), 'cause', { enumerable: true, get() ${SPIN} });`,
  ),
  endless('a sort comparator', `return [3, 1, 2].sort(() => ${SPIN});`),
  endless('a JSON reviver', `return JSON.parse('[1, [2]]', () => ${SPIN});`),
  endless('a toJSON', `return JSON.stringify({ toJSON() ${SPIN} });`),
  endless('a toString', `return String({ toString() ${SPIN} });`),
  endless('a valueOf', `return 1 + { valueOf() ${SPIN} };`),
  endless('a Symbol.toPrimitive', `return [][{ [Symbol.toPrimitive]() ${SPIN} }];`),
  endless('a Symbol.hasInstance', `return 1 instanceof { [Symbol.hasInstance]() ${SPIN} };`),
  endless('a replace callback', `return 'aaa'.replace(/a/g, () => ${SPIN});`),
  endless('a tagged template', `return ((strings) => ${SPIN})\`x\`;`),
  endless('a class static block', `class C { static ${SPIN} } return C;`),
  endless('a constructor', `return new (class { constructor() ${SPIN} })();`),
  endless('a default of a parameter', `return ((x = (() => ${SPIN})()) => x)();`),
  endless('a thenable', `return { then() ${SPIN} };`),
  endless('a thenable that resolves with itself', 'const t = { then(resolve) { resolve(t); } }; return t;'),
  endless('a then getter', `return { get then() ${SPIN} };`),
  endless('an iterator given to Promise.all', `await Promise.all({ [Symbol.iterator]() ${SPIN} });`),
  endless(
    'a formatter of the console',
    `console.log({ [Symbol.for('Deno.customInspect')]() ${SPIN}, get x() ${SPIN}, toString() ${SPIN} }, '%s', { toString() ${SPIN} }); ${SPIN}`,
  ),
  endless('a loop in eval', `return eval('for (;;);');`),
  endless('a loop in new Function', `return new Function('for (;;);')();`),
  endless('a loop over atomics', 'const cell = new Int32Array(1); while (Atomics.load(cell, 0) === 0);'),
  endless('an endless Array.from', 'return Array.from({ length: 2 ** 31 }, (_, n) => { if (n > 9) for (;;); });'),
  endless(
    'a very long search of an array',
    'return Array.prototype.findIndex.call({ length: 2 ** 53 - 1 }, () => false);',
  ),
  handler('a plain loop', '() => { for (;;); }'),
  handler('a loop after an await', 'async () => { await null; for (;;); }'),
  handler('a promise that never settles', '() => new Promise(() => {})'),
  handler(
    'a loop in the listener of its own signal',
    `(_, { signal }) => new Promise(() => signal.addEventListener('abort', () => ${SPIN}))`,
  ),
  handler(
    'a listener of its signal that throws',
    `(_, { signal }) => new Promise(() => signal.addEventListener('abort', () => { throw new Error('heard'); }))`,
  ),
  handler(
    'a microtask flood from the listener of its signal',
    `(_, { signal }) => new Promise(() => signal.addEventListener('abort', () => { const f = () => queueMicrotask(f); f(); }))`,
  ),
  handler('a thenable without end', '() => ({ then() {} })'),
  handler(
    'an async loop that swallows everything',
    'async () => { for (;;) { try { await Promise.reject(1); } catch {} finally { continue; } } }',
  ),
];
