'use strict';

// What pokes at the engine itself: its parser, its natives, its built-in libraries.

const { fails, refused, timeout, value } = require('../outcomes.js');

const gives = (name, code, expected, options) => ({ name, code, expect: value(expected), options });
const thrown = (name, code, cause, options) => ({ name, code, expect: fails(cause), options });
const endless = (name, code, options) => ({ name, code, expect: timeout, options });

const NO_SUCH = /^(ReferenceError|TypeError): /;
const SYNTAX = /^SyntaxError: /;

/** Bytes of a WASM module: its sections by number. */
const LEB = `const leb = (n) => { const all = []; do { all.push((n & 127) | (n > 127 ? 128 : 0)); n >>>= 7; } while (n); return all; };
const vec = (list) => [...leb(list.length), ...list.flat()];
const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
const HEAD = [0, 97, 115, 109, 1, 0, 0, 0];
const functions = (bodies) => new Uint8Array([...HEAD, ...section(1, vec([[96, 0, 0]])), ...section(3, vec(bodies.map(() => [0]))),
  ...section(10, vec(bodies.map((body) => [...leb(body.length), ...body])))]);
`;

module.exports = [
  gives(
    'the name Deno',
    'return typeof Deno + typeof globalThis.Deno + typeof globalThis.__bootstrap + typeof isolane',
    'undefined'.repeat(4),
  ),
  gives(
    'ops by way of built-in objects',
    `const seen = new Set(); let found = 0; const walk = (o, depth) => { if ((typeof o !== 'object' && typeof o !== 'function') || o === null || seen.has(o) || depth > 6) return; seen.add(o); for (const k of Reflect.ownKeys(o)) { if (/^op_/.test(String(k))) found++; let d; try { d = Reflect.getOwnPropertyDescriptor(o, k); } catch { continue; } for (const v of [d?.value, d?.get, d?.set]) walk(v, depth + 1); } walk(Reflect.getPrototypeOf(o), depth + 1); }; walk(globalThis, 0); return found`,
    0,
  ),
  ...[
    'data:text/javascript,export default 1',
    'file:///etc/passwd',
    'http://127.0.0.1:9/x.js',
    'ext:core/ops',
    'ext:core/mod.js',
    'ext:deno_web/13_message_port.js',
    'node:fs',
    'npm:left-pad',
    'blob:nothing',
    './package.json',
    'isolane',
    '',
  ].map((specifier) =>
    thrown(
      `import of ${JSON.stringify(specifier)}`,
      `return Object.keys(await import(${JSON.stringify(specifier)}))`,
      /./,
    ),
  ),
  thrown(
    'import of what throws in toString',
    'return import({ toString() { throw new Error("gotcha"); } })',
    /^Error: gotcha$/,
  ),
  endless('import of what loops in toString', 'return import({ toString() { for (;;); } })'),
  thrown(
    'a flood of imports',
    'const all = []; for (let i = 0; i < 300; i++) all.push(import("file:///none/" + i + ".js")); await Promise.all(all)',
    /./,
  ),
  thrown('a static import', 'import fs from "node:fs"; return fs', SYNTAX),
  thrown('import.meta', 'return import.meta.url', SYNTAX),
  gives('debugger', 'debugger; return 1', 1),
  endless('a loop of debugger statements', 'for (;;) debugger;'),
  thrown('Atomics.wait', 'return Atomics.wait(new Int32Array(4), 0, 0)', NO_SUCH),
  thrown('Atomics.waitAsync', 'return Atomics.waitAsync(new Int32Array(4), 0, 0)', NO_SUCH),
  thrown('SharedArrayBuffer', 'return new SharedArrayBuffer(8)', NO_SUCH),
  {
    name: 'a shared WASM memory as result',
    code: 'return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer',
    expect: [refused(/result/), fails(/./)],
    varies: 'shared memory may be refused when it is made or when it is to cross',
  },
  {
    name: 'Atomics.wait on WASM memory, by the constructor of its buffer',
    code: 'const b = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer; return b.constructor === Object ? 0 : Atomics.wait?.(new Int32Array(b), 0, 0) ?? "gone"',
    expect: [value('gone'), fails(/./)],
    varies: 'shared memory may be refused when it is made',
  },
  {
    name: 'a WASM wait',
    code: `${LEB} const bytes = new Uint8Array([...HEAD, ...section(1, vec([[96, 0, 0]])), ...section(3, vec([[0]])), ...section(5, vec([[3, 1, 1]])), ...section(7, vec([[1, 102, 0, 0]])), ...section(10, vec([[14, 0, 65, 0, 65, 0, 66, 127, 254, 1, 2, 0, 26, 11]]))]); return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f()`,
    expect: [fails(/./), timeout],
    varies: 'waiting is not allowed, or ends with the time of the task',
    options: { timeout: 300 },
  },
  thrown(
    'a broken WASM module',
    'return new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 99]))',
    /^CompileError: /,
  ),
  thrown(
    'a WASM trap',
    `${LEB} return new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([...functions([[0, 0, 11]]), 8 - 8, 0].slice(0, -2)))).exports.f()`,
    /./,
  ),
  thrown(
    'a WASM start function that traps',
    `${LEB} const bytes = new Uint8Array([...HEAD, ...section(1, vec([[96, 0, 0]])), ...section(3, vec([[0]])), ...section(8, [0]), ...section(10, vec([[3, 0, 0, 11]]))]); return new WebAssembly.Instance(new WebAssembly.Module(bytes))`,
    /^RuntimeError: unreachable$/,
  ),
  thrown(
    'endless recursion in WASM',
    `${LEB} const bytes = new Uint8Array([...HEAD, ...section(1, vec([[96, 0, 0]])), ...section(3, vec([[0]])), ...section(7, vec([[1, 102, 0, 0]])), ...section(10, vec([[4, 0, 16, 0, 11]]))]); return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.f()`,
    /^RangeError: Maximum call stack size exceeded$/,
  ),
  gives(
    'a WASM module of many functions',
    `${LEB} return WebAssembly.Module.exports(new WebAssembly.Module(functions(Array.from({ length: 5e4 }, () => [0, 11])))).length`,
    0,
  ),
  thrown(
    'a WASM function of too many locals',
    `${LEB} return new WebAssembly.Module(functions([[1, ...leb(1e6), 127, 11]]))`,
    /^CompileError: /,
  ),
  gives(
    'a WASM function of many locals',
    `${LEB} new WebAssembly.Instance(new WebAssembly.Module(functions(Array.from({ length: 50 }, () => [1, ...leb(49_000), 127, 11])))); return 1`,
    1,
  ),
  {
    name: 'a WASM function of many nested blocks',
    code: `${LEB} const n = 5e4; const body = [0, ...new Array(n).fill([2, 64]).flat(), ...new Array(n).fill(11), 11]; new WebAssembly.Instance(new WebAssembly.Module(functions([body]))); return 1`,
    expect: [value(1), fails(/^CompileError: /)],
    varies: 'nesting has a limit in some versions',
  },
  gives(
    'WASM modules that compile while the task ends',
    `${LEB} const bytes = functions(Array.from({ length: 2e4 }, () => [0, 11])); for (let i = 0; i < 4; i++) WebAssembly.compile(bytes); return 1`,
    1,
  ),
  thrown(
    'a WASM import that throws',
    `${LEB} const bytes = new Uint8Array([...HEAD, ...section(1, vec([[96, 0, 0]])), ...section(2, vec([[1, 97, 1, 98, 0, 0]])), ...section(3, vec([[0]])), ...section(7, vec([[1, 102, 0, 1]])), ...section(10, vec([[4, 0, 16, 0, 11]]))]); return new WebAssembly.Instance(new WebAssembly.Module(bytes), { a: { b() { throw new Error('host'); } } }).exports.f()`,
    /^Error: host$/,
  ),
  gives(
    'a heavy use of Intl',
    `const all = []; for (let i = 0; i < 200; i++) all.push(new Intl.DateTimeFormat(['de', 'ja', 'ar'][i % 3], { dateStyle: 'full', timeZone: 'Asia/Tokyo' }).format(0)); return all.length`,
    200,
  ),
  endless('an endless use of Intl', `for (;;) new Intl.DateTimeFormat('de').format(0);`),
  thrown('an absurd locale', `return 'x'.toLocaleUpperCase('a'.repeat(1e6))`, /^RangeError: /),
  gives('a normalization of much text', `return 'é\\u0301'.repeat(5e5).normalize('NFKD').length`, (n) => n > 1e6),
  gives('eval', `return eval('1 + 1')`, 2),
  gives('indirect eval', `(0, eval)('var leaked_by_eval = 1'); return typeof leaked_by_eval`, 'number'),
  thrown('eval of nonsense', `return eval('}{')`, SYNTAX),
  gives('new Function', `return new Function('a', 'return a + 1')(1)`, 2),
  thrown('a function that closes its own early', `return new Function('}); throw 1; ({')`, SYNTAX),
  gives('the constructor of async functions', 'return (async () => {}).constructor("return 1")()', 1),
  thrown('with, in strict code', `'use strict'; with ({}) return 1`, SYNTAX),
  gives(
    'with, in sloppy code',
    `with (new Proxy({}, { has: () => true, get: (_, k) => (k === Symbol.unscopables ? undefined : 7) })) return anything`,
    7,
  ),
  thrown('natives syntax', 'return %DebugPrint(1)', SYNTAX),
  thrown('code that is no code', '@@@ ¬ not javascript', SYNTAX),
  gives('empty code', '', undefined),
  gives('code of one comment', '// nothing', undefined),
  gives('a comment that does not hide the end', 'return 1 // }', 1),
  thrown('an open comment', 'return 1 /*', SYNTAX),
  thrown('an open template', 'return `${1', SYNTAX),
  ...[
    '}',
    '}); (async function () {',
    '}); throw 1; (function () {',
    '}, globalThis.out = 1, async function () {',
    '}) => {',
    '*/ }',
    '})(), (() => {',
  ].map((code) => thrown(`code that leaves its function with ${code}`, `return 1; ${code}`, SYNTAX)),
  thrown('code that leaves its function and loops', '}, (() => { for (;;); })(), async function () {', SYNTAX, {
    timeout: 1000,
  }),
  thrown('a filter that leaves its function', '1); }, globalThis.out = 1, async function () { return (7', SYNTAX, {
    type: 'filter',
  }),
  thrown(
    'a filter that leaves its function and loops',
    '1); }, (() => { for (;;); })(), async function () { return (7',
    SYNTAX,
    { type: 'filter', timeout: 300 },
  ),
  thrown('a filter that leaves its expression', '1); globalThis.out = 1; (1', SYNTAX, { type: 'filter' }),
  gives('a hashbang and HTML comments', '<!-- nothing\nreturn 1\n--> nothing', 1),
  gives('code with NUL', 'return "a\0b".length', 3),
  gives('code with a lone surrogate', 'return "\ud800".length', 1),
  gives('code with line separators', 'return "a\u2028b\u2029".length', 4),
  gives('code with astral characters', 'const 𝒳 = "😀"; return [...𝒳].length', 1),
  gives('code with a byte order mark', '\ufeffreturn 1', 1),
  gives('code that returns a lone surrogate', 'return "\\ud800"', '\ud800'),
  gives('large code', `/*${'x'.repeat(1e7)}*/ return 1`, 1),
  gives('code with a large string', `return "${'x'.repeat(5e6)}".length`, 5e6),
  gives('code with many statements', `let n = 0; ${'n++; '.repeat(1e5)} return n`, 1e5),
  gives(
    'code with many variables',
    `${Array.from({ length: 3e4 }, (_, n) => `const v${n} = ${n};`).join('')} return v29999`,
    29_999,
  ),
  gives(
    'code with many functions',
    `${Array.from({ length: 3e4 }, (_, n) => `function f${n}() { return ${n}; }`).join('')} return f29999()`,
    29_999,
  ),
  thrown('code with too many arguments', `return Math.max(${'1,'.repeat(1e5)}1)`, /^(SyntaxError|RangeError): /),
  gives('a large array literal', `return [${'1,'.repeat(5e4)}].length`, 5e4),
  gives(
    'a large switch',
    `switch (9999) { ${Array.from({ length: 1e4 }, (_, n) => `case ${n}: return ${n};`).join('')} }`,
    9999,
  ),
  gives(
    'Symbol.toStringTag tricks',
    `return ['Error', 'Promise', 'Map'].map((tag) => Object.prototype.toString.call({ get [Symbol.toStringTag]() { return tag; } })).length`,
    3,
  ),
  gives(
    'a result that claims to be a promise',
    `return { [Symbol.toStringTag]: 'Promise', constructor: 1, a: 1 }`,
    (o) => o.a === 1,
  ),
  gives(
    'a result whose prototype is an error',
    'return Object.create(Error.prototype, { x: { value: 1, enumerable: true } })',
    (o) => o.x === 1,
  ),
  {
    name: 'a module namespace as result',
    code: 'return new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]))',
    expect: [refused(/result/), value(() => true)],
    varies: 'a module can be shared between isolates, and need not be',
  },
  thrown(
    'structuredClone with strange transfers',
    `const { port1 } = new MessageChannel(); return structuredClone({}, { transfer: [port1, port1, {}, null, 1] })`,
    /./,
  ),
  thrown(
    'structuredClone of a buffer that is gone',
    'const b = new ArrayBuffer(8); structuredClone(b, { transfer: [b] }); return structuredClone(b, { transfer: [b] })',
    /./,
  ),
  gives(
    'a view of a buffer that is gone',
    'const v = new Uint8Array(8); structuredClone(v.buffer, { transfer: [v.buffer] }); return v.length',
    0,
  ),
  {
    name: 'a buffer that is gone as result',
    code: 'const b = new ArrayBuffer(8); b.transfer(); return b',
    expect: [refused(/result/), value((b) => b.byteLength === 0)],
    varies: 'a detached buffer may be refused or be empty',
  },
  {
    name: 'a resizable buffer that shrinks while it is read',
    code: 'const b = new ArrayBuffer(8, { maxByteLength: 16 }); return { v: new Uint8Array(b, 4), get x() { b.resize(0); return 1; }, w: new Uint8Array(b) }',
    expect: [value(() => true), refused(/./)],
    varies: 'a view out of bounds may be refused',
  },
  {
    name: 'a MessageChannel loop',
    code: 'const { port1, port2 } = new MessageChannel(); port1.onmessage = () => port1.postMessage(0); port2.onmessage = () => port2.postMessage(0); port1.postMessage(0); await new Promise(() => {})',
    expect: timeout,
  },
  {
    name: 'a MessageChannel that floods',
    code: 'const { port1 } = new MessageChannel(); for (let i = 0; i < 2e4; i++) port1.postMessage(i); return 1',
    expect: value(1),
  },
  endless('a stream that never ends', 'for await (const _ of new ReadableStream({ pull: (c) => c.enqueue(1) })); '),
  endless('a stream that never begins', 'for await (const _ of new ReadableStream({}));'),
  endless(
    'a pipe that never ends',
    'await new ReadableStream({ pull: (c) => c.enqueue(1) }).pipeThrough(new TransformStream()).pipeTo(new WritableStream())',
  ),
  thrown(
    'a stream that fails',
    'for await (const _ of new ReadableStream({ pull() { throw new Error("dry"); } }));',
    /^Error: dry$/,
  ),
  endless(
    'an endless chain of digests',
    `let d = new Uint8Array(1); for (;;) d = await crypto.subtle.digest('SHA-256', d);`,
  ),
  // Native threads that go on with it need some time to end.
  {
    name: 'PBKDF2 with many iterations',
    code: `const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']); return crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 2e6 }, key, 512)`,
    expect: timeout,
  },
  {
    name: 'a large RSA key',
    code: `return crypto.subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 4096, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['encrypt', 'decrypt']).then(() => new Promise(() => {}))`,
    expect: timeout,
  },
  thrown(
    'an absurd RSA key',
    `return crypto.subtle.generateKey({ name: 'RSA-OAEP', modulusLength: 0, publicExponent: new Uint8Array([]), hash: 'SHA-256' }, true, ['encrypt', 'decrypt'])`,
    /./,
  ),
  thrown(
    'an RSA key with an even exponent',
    `return crypto.subtle.generateKey({ name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: new Uint8Array([2]), hash: 'SHA-256' }, true, ['sign', 'verify'])`,
    /./,
  ),
  thrown(
    'PBKDF2 without iterations',
    `const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, ['deriveBits']); return crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-512', salt: new Uint8Array(8), iterations: 0 }, key, 512)`,
    /./,
  ),
  thrown(
    'HKDF of absurd length',
    `const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'HKDF', false, ['deriveBits']); return crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(8), info: new Uint8Array(8) }, key, 2 ** 31 - 8)`,
    /./,
  ),
  thrown(
    'an AES key of no length',
    `return crypto.subtle.importKey('raw', new Uint8Array(0), 'AES-GCM', true, ['encrypt'])`,
    /./,
  ),
  thrown(
    'keys of nonsense',
    `return crypto.subtle.importKey('pkcs8', new Uint8Array(5000).fill(48), { name: 'RSA-PSS', hash: 'SHA-1' }, true, ['sign'])`,
    /./,
  ),
  thrown('too many random bytes', 'return crypto.getRandomValues(new Uint8Array(70_000))', /./),
  endless('an endless draw of random numbers', 'for (;;) crypto.randomUUID();'),
  gives('a TextDecoder with much input', 'return new TextDecoder().decode(new Uint8Array(8e6).fill(97)).length', 8e6),
  gives(
    'a TextDecoder with broken input',
    'return new TextDecoder().decode(new Uint8Array(3e6).fill(255)).length',
    3e6,
  ),
  thrown(
    'a fatal TextDecoder',
    `return new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255]))`,
    /^TypeError: /,
  ),
  thrown('an unknown encoding', `return new TextDecoder('x'.repeat(1e6))`, /^RangeError: /),
  gives('a TextEncoder with lone surrogates', `return new TextEncoder().encode('\\ud800'.repeat(1e6)).length`, 3e6),
  thrown('base64 of nonsense', `return atob('*'.repeat(1e6))`, /InvalidCharacterError/),
  gives('a URL of great length', `return new URL('http://x/' + 'a/../'.repeat(2e5)).pathname`, '/'),
  gives(
    'a URL with many parameters',
    `const u = new URL('http://x/'); for (let i = 0; i < 1000; i++) u.searchParams.append('k', i); return u.search.length`,
    (n) => n > 5_000,
  ),
  thrown('a URL of nonsense', `return new URL('http://' + '['.repeat(1e5))`, /^TypeError: /),
  gives(
    'a URL of a host in many scripts',
    `try { return typeof new URL('http://' + 'ü'.repeat(2e4) + '.x/').href; } catch { return 'string'; }`,
    'string',
  ),
  {
    name: 'a URLPattern bomb',
    code: `return new URLPattern({ pathname: '/' + '(a+)+'.repeat(10) + 'b' }).test({ pathname: '/' + 'a'.repeat(60) })`,
    expect: timeout,
  },
  {
    name: 'a URLPattern of great depth',
    code: `return new URLPattern({ pathname: '{'.repeat(1e4) + '}'.repeat(1e4) })`,
    expect: fails(/./),
  },
  gives(
    'a flood of performance marks',
    `for (let i = 0; i < 1e4; i++) performance.mark('m' + i); const n = performance.getEntriesByType('mark').length; performance.clearMarks(); return n`,
    (n) => n >= 1e4,
  ),
  gives(
    'performance marks with details',
    'for (let i = 0; i < 1000; i++) performance.mark("m", { detail: new Array(200).fill(i) }); performance.clearMarks(); return 1',
    1,
  ),
  gives(
    'a Blob of Blobs',
    'let b = new Blob(["x"]); for (let i = 0; i < 14; i++) b = new Blob([b, b]); return b.size',
    2 ** 14,
  ),
  gives('a Blob of much text', 'return (await new Blob(["x".repeat(4e6)]).text()).length', 4e6),
  gives(
    'console.time',
    'console.time("x"); console.timeLog("x"); console.timeEnd("x"); console.timeEnd("none"); return 1',
    1,
  ),
  gives(
    'console methods with nonsense',
    `for (const k of Object.keys(console)) { if (typeof console[k] === 'function') for (const a of [undefined, null, Symbol('s'), new Proxy({}, {}), '%', '%s%d%i%f%j%o%O%c%%']) try { console[k](a, a); } catch {} } return 1`,
    1,
  ),
  gives(
    'the date of nowhere',
    `return [new Date(NaN), new Date(8.64e15)]`,
    ([a, b]) => Number.isNaN(a.getTime()) && b.getTime() === 8.64e15,
  ),
  gives(
    'a change of the locale of sorting',
    `return ['ä', 'a', 'z'].sort(new Intl.Collator('sv').compare).join('')`,
    'azä',
  ),
  gives(
    'many realms of code',
    `let n = 0; for (let i = 0; i < 3000; i++) n += new Function('return ' + i)(); return n`,
    (3000 * 2999) / 2,
  ),
];
