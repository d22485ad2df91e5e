'use strict';

// What asks for more memory than there is: a little at a time, all at once, and outside the heap.

const { fails, lost, memory, refused, timeout, value } = require('../outcomes.js');

const full = (name, code, options) => ({ name, code, expect: memory, options });
const oneOf = (name, code, expect, varies, options) => ({ name, code, expect, varies, options });

const TOO_LONG = fails(/^RangeError: Invalid (string|array|count|typed array) (length|value)/);
const OVERFLOW = fails(/^RangeError: Maximum call stack size exceeded$/);
/** How V8 refuses a buffer that is too large, where no limit has ended the task before. */
const NO_BUFFER = fails(/^RangeError: (Array buffer allocation failed|Invalid (typed )?array (buffer )?length)/);
/** What is done when its end is asked for has a result. */
const UNHURRIED = 'V8 counts with large numbers for seconds without looking up';
const NO_PAGES = fails(/^RangeError: WebAssembly\.Memory/);

/** `(module (memory (export "m") 1) (func (export "f") (loop (drop (memory.grow (i32.const 16))) …)))`, 300 MB at most. */
const GROWING_WASM = `0,97,115,109,1,0,0,0,1,4,1,96,0,0,3,2,1,0,5,5,1,1,1,192,37,7,9,2,1,109,2,0,1,102,0,0,10,16,1,14,0,3,64,65,16,64,0,65,127,71,13,0,11,11`;

module.exports = [
  // The longest first: the others run beside it.
  oneOf('one huge array', 'return new Array(2 ** 27).fill(0).length', memory, undefined, {
    abandons: true,
    timeout: 120_000,
  }),
  full('objects', 'const all = []; for (;;) all.push({ n: all.length });'),
  full('objects after an await', 'await null; const all = []; for (;;) all.push({ n: all.length });'),
  full(
    'objects in a timer',
    'await new Promise(() => setTimeout(() => { const all = []; for (;;) all.push({ n: all.length }); }, 1));',
  ),
  full(
    'objects that are caught',
    'const all = []; for (;;) { try { for (;;) all.push([1, 2, 3]); } catch {} finally {} }',
  ),
  {
    name: 'objects in a handler',
    handler: '() => { const all = []; for (;;) all.push({ n: all.length }); }',
    expect: memory,
  },
  {
    name: 'objects that a module keeps',
    handler: '() => { const all = (globalThis.kept ??= []); for (;;) all.push({ n: all.length }); }',
    expect: memory,
  },
  full('small arrays of doubles', 'const all = []; for (;;) all.push([1.5, 2.5, 3.5]);'),
  full('large arrays of doubles', 'const all = []; for (;;) all.push(new Array(10_000).fill(1.5));'),
  full('an array of doubles that grows', 'const all = []; for (let i = 0; ; i++) all.push(i + 0.5);', {
    abandons: true,
  }),
  full(
    'holey arrays',
    'const all = []; for (let i = 0; ; i++) { const holey = []; holey[1000] = i; all.push(holey); }',
  ),
  full('a sparse array', 'const all = []; for (let i = 0; ; i++) all[i * 5000] = i;'),
  full('strings', 'const all = []; for (let i = 0; ; i++) all.push(("x" + i).repeat(1000).split(""));'),
  full('numbers as strings', 'const all = new Set(); for (let i = 0; ; i++) all.add(String(i) + "-".repeat(10) + i);'),
  full(
    'ropes',
    'const all = []; for (let i = 0; ; i++) { let s = "x" + i; for (let k = 0; k < 20; k++) s += i + s.slice(0, 20); all.push(s); }',
  ),
  full('property names', 'const all = {}; for (let i = 0; ; i++) all["name".repeat(50) + i] = i;'),
  full('a Map', 'const all = new Map(); for (let i = 0; ; i++) all.set({ i }, { i });'),
  full('a Set', 'const all = new Set(); for (let i = 0; ; i++) all.add({ i });'),
  full('closures', 'const all = []; for (;;) { const big = new Array(1000).fill(all.length); all.push(() => big); }'),
  full('weak references to what is kept', 'const all = []; for (;;) { const o = {}; all.push(new WeakRef(o), o); }'),
  full(
    'a WeakMap whose keys are kept',
    'const map = new WeakMap(), keys = []; for (;;) { const key = {}; keys.push(key); map.set(key, { key }); }',
  ),
  full('symbols', 'const all = []; for (;;) all.push(Symbol("s" + all.length));'),
  full('classes', 'const all = []; for (;;) all.push(class { static x = all.length; m() {} n() {} });'),
  full(
    'generators',
    'function* g() { let a = 1; yield a; } const all = []; for (;;) { const it = g(); it.next(); all.push(it); }',
  ),
  full('proxies', 'const all = []; for (;;) all.push(new Proxy({}, {}));'),
  full('dates', 'const all = []; for (let i = 0; ; i++) all.push(new Date(i));'),
  full('BigInts', 'const all = []; for (let i = 1n; ; i++) all.push(i << 5000n);'),
  full('promises', 'const all = []; for (;;) all.push(new Promise(() => {}));'),
  full('promise reactions', 'const p = new Promise(() => {}); for (let i = 0; ; i++) p.then(() => i);'),
  full('microtasks', 'for (let i = 0; ; i++) queueMicrotask(() => i);'),
  full('timers', 'for (let i = 0; ; i++) setTimeout(() => i, 1e6);'),
  full('event listeners', 'const t = new EventTarget(); for (let i = 0; ; i++) t.addEventListener("x" + i, () => i);'),
  full(
    'compiled functions',
    'const all = []; for (let i = 0; ; i++) all.push(new Function("a", "return a" + "+ 1".repeat(200) + i));',
  ),
  full(
    'errors with stacks',
    'const all = []; for (let i = 0; ; i++) { const e = new Error("x".repeat(1000) + i); e.stack; all.push(e); }',
  ),
  full('a stream that nobody reads', 'new ReadableStream({ start(c) { for (;;) c.enqueue({ n: 1 }); } });'),
  full(
    'a cache in a microtask',
    'const all = []; const f = () => { for (let i = 0; i < 1000; i++) all.push({ i }); queueMicrotask(f); }; f(); await new Promise(() => {});',
  ),
  full(
    'an endless iterator that is spread',
    'const it = { *[Symbol.iterator]() { for (;;) yield {}; } }; return [...it].length;',
  ),
  full('an endless iterator as arguments', 'return Math.max(...{ *[Symbol.iterator]() { for (;;) yield {}; } });'),
  full(
    'an endless Array.fromAsync',
    'return Array.fromAsync({ async *[Symbol.asyncIterator]() { for (;;) yield {}; } });',
  ),
  full('a sort of many', 'return Array.from({ length: 4e6 }, (_, n) => ({ n: -n })).sort((a, b) => a.n - b.n).length;'),
  full('splits of much text', 'const all = []; for (;;) all.push("x".repeat(1e5).split(""));'),
  full('matches in much text', 'return Array.from("x1".repeat(2 ** 22).matchAll(/x(1)/g)).length;'),
  full('a huge result', 'return Array.from({ length: 3e6 }, (_, n) => ({ n }));'),
  full(
    'clones that are kept',
    'const all = [], one = Array.from({ length: 1e4 }, (_, n) => ({ n })); for (;;) all.push(structuredClone(one));',
  ),
  full('a huge JSON.parse', 'return JSON.parse("[" + "{},".repeat(7e5) + "{}]").length;'),

  oneOf('one impossible array', 'return new Array(2 ** 32)', fails(/^RangeError: Invalid array length$/)),
  oneOf('one impossible string', 'return "x".repeat(2 ** 30)', TOO_LONG),
  oneOf(
    'one huge string that is never flat',
    'return "x".repeat(2 ** 29 - 24).length',
    value(2 ** 29 - 24),
    undefined,
    {
      // Its worker may have been the one before's until just now.
      abandons: true,
    },
  ),
  oneOf(
    'one huge string that becomes flat',
    'return /y$/.test("x".repeat(2 ** 28))',
    [memory, value(false)],
    'large strings may be flattened outside the limit of the young heap',
    { abandons: true },
  ),
  oneOf('a string that doubles', 'let s = "x"; for (;;) s += s;', TOO_LONG),
  oneOf('padding without end', 'return "x".padEnd(2 ** 30, "ab")', TOO_LONG),
  oneOf('a join without end', 'return new Array(2 ** 20).join("ab".repeat(1000))', TOO_LONG),
  oneOf(
    'a BigInt that doubles',
    'let n = 3n; for (let i = 0; i < 24; i++) n *= n; return 1',
    [timeout, value(1)],
    UNHURRIED,
    { timeout: 300 },
  ),
  oneOf('an impossible BigInt', 'return 2n ** (2n ** 40n)', fails(/^RangeError: Maximum BigInt size exceeded$/)),
  oneOf('a BigInt as decimal text', 'return String(2n ** (2n ** 22n)).length', [timeout, value(1_262_612)], UNHURRIED, {
    timeout: 300,
  }),
  oneOf('a spread of many', 'return Math.max(...new Array(3e6).fill(1))', OVERFLOW),
  oneOf('an apply of many', 'return Math.max.apply(null, new Array(3e6).fill(1))', OVERFLOW),
  oneOf(
    'an apply of impossibly many',
    'return Math.max.apply(null, { length: 2 ** 31 })',
    fails(/^RangeError: (Invalid array length|Maximum call stack size exceeded)$/),
  ),
  oneOf(
    'a bind with many arguments',
    'return Function.prototype.bind.apply(() => 1, new Array(2e6).fill(1))()',
    OVERFLOW,
  ),
  oneOf('a push of many', 'const a = []; a.push(...new Array(3e6).fill(1)); return a.length', OVERFLOW),
  oneOf(
    'a huge regular expression',
    'return new RegExp("(?:ab?){1000}".repeat(1000)).test("ab".repeat(100))',
    [fails(/^SyntaxError: Invalid regular expression: .*(too large|Stack overflow)/s), value(false)],
    'V8 may fall back to its interpreter',
  ),
  oneOf(
    'a regular expression with many names',
    'return new RegExp(Array.from({ length: 5e4 }, (_, n) => "(?<n" + n + ">a)?").join("")).test("a")',
    fails(/^SyntaxError: Invalid regular expression/),
  ),
  oneOf(
    'a replacement that explodes',
    'return "x".repeat(1e6).replace(/x/g, "$&".repeat(1000)).length',
    [TOO_LONG, memory, lost],
    'V8 has no room for so many parts, and says so in a way that ends the isolate',
    { abandons: true },
  ),
  oneOf(
    'a JSON text without end',
    'return JSON.stringify(new Array(40).fill("x".repeat(2 ** 24))).length',
    [TOO_LONG, memory],
    'the text is written to the heap until it is too long',
    { abandons: true },
  ),
  oneOf(
    'a JSON text of much space',
    'let o = {}; for (let i = 0; i < 3000; i++) o = { o }; return JSON.stringify(o, null, "          ").length',
    [value(() => true), memory],
    'it is 45 MB of text',
  ),
  oneOf(
    'an error with a huge message',
    'throw new Error("x".repeat(5e6))',
    fails((e) => e.message.length === 5e6),
  ),
  oneOf(
    'an error with an impossible message',
    'let m = "x".repeat(2 ** 29 - 24); throw new Error(m)',
    [fails(() => true), memory, lost],
    'its stack would be longer than a string can be',
    { abandons: true },
  ),
  oneOf(
    'an error with a huge stack',
    'const e = new Error("far"); e.stack = "Error: far\\n" + "    at x (y:1:1)\\n".repeat(2e5); throw e',
    fails(/^Error: far$/),
  ),
  oneOf(
    'an error with a huge property',
    'throw Object.assign(new Error("fat"), { all: new Array(3e5).fill(1.5) })',
    fails(/^Error: fat$/),
  ),
  oneOf(
    'a result of much text',
    'return "x".repeat(2e7)',
    value((text) => text.length === 2e7),
  ),
  oneOf(
    'a result of many numbers',
    'return new Array(1e6).fill(1.5)',
    value((list) => list.length === 1e6 && list[7] === 1.5),
  ),
  oneOf(
    'a result with one text many times',
    'const s = "x".repeat(1e6); return new Array(300).fill(s)',
    [memory, refused(/result/)],
    'written out it is 300 MB',
  ),
  oneOf(
    'a result with a huge hole',
    'const a = []; a[2 ** 32 - 2] = 1; return a',
    value((list) => list.length === 2 ** 32 - 1),
  ),
  oneOf('a huge payload', 'return inputs.length', value(2e7), undefined, {}),
  oneOf('console.log of huge text', 'console.log("x".repeat(2e7)); return 1', value(1)),
  oneOf('console.log of a huge array', 'console.log(new Array(1e6).fill({ a: { b: 1 } })); return 1', value(1)),
  oneOf(
    'console.log of a wide object',
    'const o = {}; for (let i = 0; i < 5e4; i++) o["k" + i] = { i }; console.log(o); return 1',
    value(1),
  ),
  oneOf('a flood of console.log', 'for (let i = 0; i < 5e4; i++) console.log("line", i); return 1', value(1)),
  oneOf(
    'an endless flood of console.log',
    'const line = "x".repeat(1000); for (;;) console.log(line);',
    timeout,
    undefined,
    { timeout: 1500, calm: true },
  ),
  oneOf('garbage', 'let last; for (let i = 0; i < 3e6; i++) last = { i, s: "x" + i }; return last.i', value(2_999_999)),
  oneOf(
    'garbage of buffers',
    'let last; for (let i = 0; i < 500; i++) last = new ArrayBuffer(2 ** 20); return last.byteLength',
    value(2 ** 20),
  ),

  full('one ArrayBuffer over the limit', 'return new ArrayBuffer(2 ** 28).byteLength'),
  full('a typed array over the limit', 'return new Float64Array(2 ** 24).fill(1.5).length'),
  full(
    'ArrayBuffers that are kept',
    'const all = []; for (let i = 0; i < 120; i++) all.push(new ArrayBuffer(2 ** 20)); return all.length',
  ),
  full(
    'typed arrays that are kept',
    'const all = []; for (let i = 0; i < 120; i++) all.push(new Uint8Array(2 ** 20).fill(i)); return all.length',
  ),
  full(
    'ArrayBuffers that are kept and caught',
    'const all = []; for (let i = 0; i < 120; i++) try { all.push(new ArrayBuffer(2 ** 20)); } catch {} return all.length',
  ),
  full(
    'small ArrayBuffers',
    'const all = []; for (let i = 0; i < 1e5; i++) all.push(new ArrayBuffer(1000)); return all.length',
  ),
  full(
    'a resizable buffer that grows',
    'const b = new ArrayBuffer(1, { maxByteLength: 2 ** 28 }); for (let i = 0; i < 120; i++) { b.resize((i + 1) * 2 ** 20); new Uint8Array(b, i * 2 ** 20).fill(1); } return b.byteLength',
  ),
  full(
    'copies of a buffer',
    'const all = [new Uint8Array(2 ** 22)]; for (let i = 0; i < 60; i++) all.push(all[0].slice()); return all.length',
  ),
  full(
    'texts as bytes',
    'const all = [], text = "x".repeat(2 ** 20); for (let i = 0; i < 120; i++) all.push(new TextEncoder().encode(text)); return all.length',
  ),
  full(
    'Blobs',
    'const all = []; for (let i = 0; i < 120; i++) all.push(await new Blob([new Uint8Array(2 ** 20)]).arrayBuffer()); return all.length',
  ),
  full(
    'clones of a buffer',
    'const all = [], b = new ArrayBuffer(2 ** 20); for (let i = 0; i < 120; i++) all.push(structuredClone(b)); return all.length',
  ),
  oneOf('an impossible ArrayBuffer', 'return new ArrayBuffer(2 ** 53)', NO_BUFFER),
  oneOf(
    'an ArrayBuffer of a terabyte',
    'return new ArrayBuffer(2 ** 40).byteLength',
    [NO_BUFFER, memory],
    'it is over the limit and over what V8 allows',
  ),
  full(
    'WASM memory',
    'const m = new WebAssembly.Memory({ initial: 1 }); for (let i = 0; i < 120; i++) { m.grow(16); new Uint8Array(m.buffer, m.buffer.byteLength - 2 ** 20).fill(1); } return m.buffer.byteLength',
  ),
  full('WASM memory at once', 'return new Uint8Array(new WebAssembly.Memory({ initial: 4000 }).buffer).fill(1).length'),
  full(
    'WASM memories',
    'const all = []; for (let i = 0; i < 120; i++) { const m = new WebAssembly.Memory({ initial: 16, maximum: 16 }); new Uint8Array(m.buffer).fill(1); all.push(m); } return all.length',
  ),
  full(
    'WASM memory that grows from inside',
    `const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([${GROWING_WASM}]))); exports.f(); new Uint8Array(exports.m.buffer).fill(1); return exports.m.buffer.byteLength`,
  ),
  oneOf('an impossible WASM memory', 'return new WebAssembly.Memory({ initial: 65537 })', NO_PAGES),
  oneOf(
    'WASM memories that are only reserved',
    'const all = []; for (let i = 0; i < 50; i++) all.push(new WebAssembly.Memory({ initial: 0, maximum: 65536 })); return all.length',
    [value(50), NO_PAGES],
    'each takes eight gigabytes of addresses',
  ),
  full(
    'a WASM table',
    'const all = []; for (let i = 0; i < 40; i++) all.push(new WebAssembly.Table({ initial: 1e6, element: "anyfunc" })); return all.length',
  ),
];

const payload = module.exports.find(({ name }) => name === 'a huge payload');
// Flat from the beginning: `repeat` gives a rope, which takes its memory when it is first read.
payload.payload = Buffer.alloc(2e7, 'x').latin1Slice();
