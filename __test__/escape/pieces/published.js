'use strict';

// Ways out of other sandboxes as they were published, in what isolane gives to code. They are written anew:
// each does what was the heart of the way out, with whatever here comes closest to what it used there.

const piece = (name, source, code, more) => ({ name, source, code, ...more });
const language = { naive: false };

const SECRET = `(F) => { const made = $.tries('compiled', () => F('return typeof process + typeof Deno + typeof require')); const names = typeof made === 'function' ? made() : undefined; if (typeof names === 'string' && names !== 'undefinedundefinedundefined') $.find('secret', names); }`;

module.exports = [
  piece(
    'the constructor of the constructor of this',
    'vm2 #32, CVE-2017-16088, safe-eval #5',
    `(${SECRET})(this.constructor.constructor); await $.compiles('it', globalThis.constructor.constructor); $.see('this', this); $.see('inputs', inputs);`,
    { inputs: {} },
  ),
  piece(
    'a function of the embedder',
    'vm2 #32',
    `$.see('console.log', console.log); (${SECRET})(console.log.constructor); $.see('setTimeout', setTimeout);`,
  ),
  piece(
    'an error of a function of the embedder',
    'vm2 #32, CVE-2026-22686',
    `const e = $.throws('atob', () => atob('*')); $.see('chain', e.constructor.constructor); (${SECRET})(e.constructor.constructor);`,
  ),
  piece(
    'console.constructor',
    'safer-eval #6, CVE-2019-10759',
    `$.see('console', console.constructor); (${SECRET})(console.constructor.constructor);`,
  ),
  piece(
    'a proxy that a native asks for its prototype',
    'vm2 #174',
    `
    const thrower = new Proxy({}, { getPrototypeOf() { throw (x) => { $.here('thrown', this, arguments); $.see('x', x); return x; }; } });
    for (const use of [() => new Blob([thrower]), () => structuredClone(thrower), () => { throw thrower; }, () => thrower instanceof Error, () => console.log(thrower)]) {
      try { $.see('result', use()); } catch (e) { $.see('e', typeof e === 'function' ? $.tries('e()', () => e(() => {})) : e); }
    }
    $.see('Blob', Blob);
  `,
  ),
  piece(
    'a getter defined on a built-in of the embedder',
    'vm2 #176',
    `
    for (const target of [URL.prototype, Blob.prototype, TextDecoder.prototype]) {
      $.tries('define', () => target.__defineGetter__('x', function () { $.here('getter', this, arguments); return this; }));
      $.see('x', target.x); delete target.x;
    }
  `,
  ),
  piece(
    'getters looked up',
    'vm2 #184',
    `
    $.see('lookup', URL.prototype.__lookupGetter__('href')); $.see('proto', ({}).__lookupGetter__('__proto__'));
    $.see('proto of a native', ({}).__lookupGetter__('__proto__').call(atob)); $.see('setter', ({}).__lookupSetter__('__proto__'));
    let value = atob; for (let i = 0; i < 9 && value; i++) { $.see('step ' + i, value); value = ({}).__lookupGetter__('__proto__').call(value); }
  `,
  ),
  piece(
    'a class whose construction gives a function',
    'vm2 #177, vm2 #179',
    `
    const A = new Proxy(class {}, { construct() { return function () { $.here('constructed', this, arguments); return (x) => $.see('x', x); }; } });
    $.see('construct', Reflect.construct(A, [])); $.tries('event', () => new CustomEvent('e', { detail: new A() }));
    $.tries('extend', () => new (class extends A {})()); $.tries('native', () => Reflect.construct(URL, ['http://a'], A));
  `,
  ),
  piece(
    'an object whose properties of descriptors throw',
    'vm2 #178',
    `
    Object.defineProperty(Object.prototype, 'get', { get() { $.here('get', this, arguments); return undefined; }, configurable: true });
    try { $.tries('new URL', () => new URL('http://a')); $.tries('clone', () => structuredClone({ a: 1 })); $.tries('define', () => Object.defineProperty({}, 'x', {})); } finally { delete Object.prototype.get; }
    $.see('URL', URL);
  `,
    { blind: 'it ends Node' },
  ),
  piece(
    'a tag of a value that throws',
    'vm2 #224',
    `
    const thrower = { get [Symbol.toStringTag]() { throw (f) => { $.see('f', f); return f.constructor; }; } };
    for (const use of [() => structuredClone(thrower), () => console.log(thrower), () => new Blob([thrower]), () => new URL(thrower), () => String(thrower)]) {
      try { $.see('result', use()); } catch (e) { $.see('e', typeof e === 'function' ? $.tries('e', () => e(atob)) : e); }
    }
    $.see('atob', atob);
  `,
  ),
  piece(
    'the error of a full stack in a native',
    'vm2 #197, CVE-2019-10761, CVE-2019-10769',
    `
    const dive = (n) => { let x = 0; try { x = dive(n); } catch {} if (typeof x !== 'number') return x; if (x !== n) return x + 1; try { new TextDecoder('utf-8'); } catch (e) { return e; } return null; };
    for (let n = 1; n < 25; n++) { const e = dive(n); if (typeof e === 'object' && e !== null) { $.see('e', e); (${SECRET})(e.constructor.constructor); } }
    $.deepest('URL', () => new URL('x')); $.deepest('clone', () => structuredClone({}));
  `,
  ),
  piece(
    'a full stack while the stack is told',
    'safe-eval #31',
    `
    const dive = () => { new Error().stack; dive(); };
    const e = $.throws('dive', dive); (${SECRET})(e.constructor.constructor);
  `,
    language,
  ),
  piece(
    'an error without a prototype, whose stack is asked',
    'vm2 #241, safe-eval #19',
    `
    const error = new Error('e'); Object.setPrototypeOf(error, null);
    error.stack = { match(x) { $.here('match', this, arguments); return x; }, split(x) { $.here('split', this, arguments); return []; } };
    $.tries('console', () => console.log(error)); $.tries('clone', () => structuredClone({ e: error })); $.tries('event', () => { new CustomEvent('e', { detail: error }); });
    $.see('sites', (() => { try { $.throws('x', () => new URL('x')); } catch {} })() ?? {});
  `,
  ),
  piece(
    'a timer and what it returns',
    'vm2 #276',
    `const t = setTimeout(() => {}, 0); $.see('timer', t); $.see('ref', t.ref?.()); $.see('clear', clearTimeout); $.see('boxed', Object(t)); clearTimeout(t);`,
  ),
  piece(
    'call sites that give this',
    'gf3/sandbox #65, safe-eval #28, vm2 #444',
    `
    const before = Error.prepareStackTrace;
    Error.prepareStackTrace = (_, sites) => sites.map((site) => [site.getThis(), site.getFunction()]);
    const { stack } = new Error(); const thrown = (() => { try { new URL('x'); } catch (e) { return e.stack; } })();
    Error.prepareStackTrace = before;
    $.see('stack', stack); $.see('thrown', thrown);
    for (const [receiver, f] of stack) { $.see('this', receiver); $.see('function', f); if (receiver?.process) $.find('secret', 'process'); }
  `,
    language,
  ),
  piece(
    'WeakMap.prototype.set that keeps',
    'vm2 #444',
    `
    const { set } = WeakMap.prototype; const kept = [];
    WeakMap.prototype.set = function (key, value) { kept.push(this, key, value); return set.call(this, key, value); };
    try { $.tries('clone', () => structuredClone(new Map())); $.tries('stream', () => new ReadableStream().tee()); $.tries('event', () => new EventTarget().dispatchEvent(new Event('e'))); } finally { WeakMap.prototype.set = set; }
    for (const item of kept) $.see('kept', item); $.see('stream', new ReadableStream());
  `,
  ),
  piece(
    'another Error, whose prepareStackTrace is asked',
    'CVE-2022-36067',
    `
    const E = Error;
    globalThis.Error = { __proto__: E, prepareStackTrace(error, sites) { $.here('prepare', this, arguments); for (const s of sites) $.see('this', s.getThis()); return sites; } };
    try { const { stack } = new E('e'); $.see('stack', stack); try { new URL('x'); } catch (e) { $.see('e', e); $.see('stack', e.stack); } } finally { globalThis.Error = E; }
  `,
  ),
  piece(
    'an import that fails',
    'CVE-2021-23449, gf3/sandbox #64, jailed #61, safe-eval #27',
    `
    const p = import('nothing'); $.see('import', p); (${SECRET})(p.constructor.constructor); await $.rejects('import', () => p);
    $.see('catch', p.catch(() => {})); $.see('finally', p.finally(() => {}).catch(() => {}));
  `,
    language,
  ),
  piece(
    'an import inside eval, a timer and a class',
    'CVE-2021-23449, CVE-2023-39532',
    `
    await $.rejects('eval', () => (0, eval)("import('fs')")); await $.rejects('function', () => Function("return import('fs')")());
    await $.rejects('class', () => (class { static x = import('fs'); }).x);
    await $.rejects('microtask', () => new Promise((_, no) => queueMicrotask(() => import('fs').catch(no))));
  `,
    language,
  ),
  piece(
    'prototypes changed through what natives return',
    'CVE-2021-23555, GHSA-vwrp-x96c-mhwq',
    `
    const proto = Object.getPrototypeOf(structuredClone({})); $.see('proto', proto); proto.polluted = 1; if (({}).polluted !== 1) $.find('realm', 'clone has another prototype'); delete proto.polluted;
    const list = Object.getPrototypeOf(structuredClone([])); list.polluted = 1; if ([].polluted !== 1) $.find('realm', 'list'); delete list.polluted;
    $.see('error', Object.getPrototypeOf($.throws('URL', () => new URL('x'))));
  `,
  ),
  piece(
    'a promise that is rejected in an async function',
    'CVE-2023-29017, CVE-2023-29199, CVE-2023-30547',
    `
    const raise = () => { const e = new Error('e'); e.name = Symbol('s'); return \`\${e}\` + e.stack; };
    const e1 = $.throws('raise', raise); (${SECRET})(e1.constructor.constructor);
    await $.rejects('async', async () => raise()); await $.rejects('then', () => Promise.resolve().then(raise));
    await $.rejects('native', () => crypto.subtle.digest({ get name() { return raise(); } }, new Uint8Array(1)));
    const before = Error.prepareStackTrace; Error.prepareStackTrace = (e) => { e.fileName; return raise(); };
    try { $.tries('prepared', () => new Error('x').stack); } finally { Error.prepareStackTrace = before; }
  `,
  ),
  piece(
    'a proxy of a function of errors',
    'CVE-2023-30547',
    `
    const err = {}; const handler = { getPrototypeOf(target) { (function stack() { new Error().stack; stack(); })(); } };
    const proxied = new Proxy(err, handler);
    try { throw proxied; } catch (e) { $.tries('constructor', () => e.constructor.constructor); (${SECRET})(({}).constructor.constructor); }
    $.tries('instanceof', () => proxied instanceof Error); $.tries('clone', () => structuredClone(proxied)); $.tries('Blob', () => new Blob([proxied]));
  `,
  ),
  piece(
    'an object of the embedder that is made by a proxy',
    'CVE-2023-32314',
    `
    const err = new Error(); err.name = { toString: new Proxy(() => '', { apply(target, receiver, args) { $.see('args', args); $.see('this', receiver); $.seeSites('apply'); return 'e'; } }) };
    $.tries('stack', () => err.stack); $.tries('text', () => String(err)); $.tries('console', () => console.log(err)); $.tries('exception', () => new DOMException(err)); $.tries('event', () => new Event(err));
  `,
    language,
  ),
  piece(
    'a species of promises',
    'CVE-2023-37466',
    `
    async function fn() { (function stack() { new Error().stack; stack(); })(); }
    const p = fn(); p.constructor = { [Symbol.species]: class { constructor(executor) { executor((x) => x, (e) => { $.see('e', e); (${SECRET})(e.constructor.constructor); }); } } };
    p.then(); await $.triesAsync('native', () => { const q = crypto.subtle.digest('nope', new Uint8Array(1)); q.constructor = p.constructor; return q.then(() => {}); });
  `,
    { mayFail: true },
  ),
  piece(
    'a hook of inspection',
    'CVE-2023-37903',
    `
    const custom = Symbol.for('nodejs.util.inspect.custom');
    const o = { [custom](depth, options, inspect) { $.here('custom', this, arguments); if (inspect) (${SECRET})(inspect.constructor); return 'x'; } };
    console.log(o); console.log('%o %O', o, o); console.error(o); $.tries('table', () => console.table([o])); await $.triesAsync('wasm', () => WebAssembly.compileStreaming?.(o) ?? Promise.reject({}));
    $.see('console', console.log);
  `,
  ),
  piece(
    'a promise of the embedder, chained',
    'CVE-2026-22709, CVE-2026-44000',
    `
    const p = crypto.subtle.digest('SHA-256', new Uint8Array(1));
    p.then((v) => { $.see('v', v); (${SECRET})(v.constructor.constructor); }); p.finally(function () { $.here('finally', this, arguments); });
    await p.then((v) => $.see('v', v)); await crypto.subtle.digest('x', new Uint8Array(1)).catch((e) => { $.see('e', e); (${SECRET})(e.constructor.constructor); });
  `,
  ),
  piece(
    'an object of the embedder through the prototype of Array',
    'CVE-2026-44008',
    `
    const kept = [];
    Object.defineProperty(Array.prototype, '0', { set(v) { kept.push === undefined || (kept[kept.length + 1] = [this, v]); Object.defineProperty(this, '0', { value: v, writable: true, enumerable: true, configurable: true }); }, configurable: true });
    try { $.tries('any', () => AbortSignal.any([AbortSignal.abort()])); $.tries('blob', () => new Blob(['a'])); $.tries('tee', () => new ReadableStream().tee()); } finally { delete Array.prototype[0]; }
    for (const item of kept) $.see('kept', item); $.see('tee', new ReadableStream().tee());
  `,
  ),
  piece(
    'an internal name by a computed key',
    'GHSA-2cm2-m3w5-gp2f, GHSA-wp5r-2gw5-m7q7',
    `
    for (const key of Reflect.ownKeys(globalThis)) { const text = String(key); if (/internal|bootstrap|state|isolane|deno|op_|core|primordial|airlock|__/i.test(text) && !/^Symbol\\(isolane.test/.test(text)) $.find('secret', text); }
    for (const key of ['__bootstrap', '__airlock', 'Deno', 'core', 'primordials', 'internals', '\\u005f_bootstrap', 'airlock', 'kit', 'ops']) if (globalThis[key] !== undefined) $.find('secret', key);
    if (globalThis.foreignIntrinsics) $.find('secret', 'control'); $.see('global', Object.getOwnPropertySymbols(globalThis));
  `,
    language,
  ),
  piece(
    'a symbol of the embedder',
    'GHSA-47x8-96vw-5wg6',
    `
    const symbols = new Set(); for (const name of Object.getOwnPropertyNames(globalThis)) { const v = globalThis[name]; for (const o of [v, v?.prototype]) { if (o === undefined || o === null) continue; for (const s of Object.getOwnPropertySymbols(Object(o))) symbols.add(s); } }
    const o = {}; for (const s of symbols) { try { o[s] = function () { $.here(String(s), this, arguments); return 1; }; } catch {} }
    $.tries('log', () => console.log(o)); $.tries('clone', () => structuredClone({ o: 1, [Symbol.iterator]: 1 })); $.tries('blob', () => new Blob([o])); $.tries('url', () => new URL(o)); $.see('console', console.log);
  `,
  ),
  piece(
    'a suppressed error',
    'GHSA-55hx-c926-fr95',
    `const s = new DisposableStack(); s.defer(() => { new URL('x'); }); s.defer(() => { atob('*'); }); const e = $.throws('dispose', () => s.dispose()); $.see('error', e.error); $.see('suppressed', e.suppressed);`,
    { needs: "typeof DisposableStack === 'function'" },
  ),
  piece(
    'the spread operator in the realm of the embedder',
    'realms-shim #51',
    `
    const before = Array.prototype[Symbol.iterator]; const kept = [];
    Array.prototype[Symbol.iterator] = function () { kept[kept.length] = this; return before.call(this); };
    try { $.tries('log', () => console.log({ a: [1] })); $.tries('params', () => new URLSearchParams([['a', 'b']])); $.tries('blob', () => new Blob(['x', 'y'])); $.tries('any', () => AbortSignal.any([])); } finally { Array.prototype[Symbol.iterator] = before; }
    for (let i = 0; i < kept.length; i++) $.see('kept', kept[i]); $.see('params', new URLSearchParams('a'));
  `,
  ),
  piece(
    'an array subclass where an option is a list',
    'realms-shim #73',
    `
    let last; class Bad extends Array { constructor(...a) { super(...a); last = this; } static get [Symbol.species]() { return Bad; } }
    for (const use of [(x) => new Blob(x), (x) => structuredClone({}, { transfer: x }), (x) => AbortSignal.any(x), (x) => new URLSearchParams(x), (x) => crypto.subtle.importKey('raw', new Uint8Array(16), 'AES-GCM', true, x)]) { $.tries('use', () => use(new Bad())); $.see('last', last); for (const item of last) $.see('item', item); }
    $.see('Blob', Blob);
  `,
  ),
  piece(
    'an own property that a cache of natives would return',
    'realms-shim #48',
    `
    const seen = []; globalThis.Reflect = new Proxy(Reflect, { get(t, k) { seen.push(k); return t[k]; } });
    $.tries('url', () => new URL('http://a')); $.tries('log', () => console.log(1)); globalThis.Reflect = Object.getPrototypeOf(globalThis.Reflect) && Reflect;
    $.see('seen', seen); $.see('URL', URL);
  `,
  ),
  piece(
    'the constructor of an async function that was forgotten',
    'CVE-2026-23830',
    `for (const f of [async () => {}, function* () {}, async function* () {}]) { await $.compiles('kin', f.constructor); (${SECRET})(f.constructor); }`,
    language,
  ),
  piece(
    'what __lookupGetter__ gives where constructor is forbidden',
    'CVE-2026-25142',
    `const F = ({}).__lookupGetter__('__proto__').constructor; await $.compiles('F', F); $.see('getter', URL.prototype.__lookupGetter__('href').constructor);`,
  ),
  piece(
    'values of entries and values',
    'CVE-2026-25520',
    `const [F] = Object.values({ f: Function }); await $.compiles('F', F); for (const [, v] of Object.entries(Object.getOwnPropertyDescriptors(URL.prototype))) $.see('v', v.value ?? v.get);`,
  ),
  piece(
    'a shadowed hasOwnProperty',
    'CVE-2026-25586',
    `const o = { hasOwnProperty: () => true, __proto__: URL.prototype }; $.see('o', o); $.see('constructor', o['constructor']); (${SECRET})(o.constructor.constructor);`,
  ),
  piece(
    'a key that changes between two looks',
    'CVE-2026-25641',
    `let n = 0; const key = { toString: () => (n++ === 0 ? 'href' : 'constructor') }; const u = new URL('http://a'); $.see('first', u[key]); $.see('second', u[key]); $.see('third', Reflect.get(u, key));`,
  ),
  piece(
    'prototypes of collections',
    'CVE-2026-25587, CVE-2026-25881',
    `const m = Map.prototype; $.see('Map', m); m.has = m.get; const arr = [Map.prototype, URL.prototype]; arr.map((p) => { p.polluted = 1; }); if (new Map().polluted !== 1 || new URL('http://a').polluted !== 1) $.find('realm', 'prototype'); for (const p of arr) delete p.polluted;`,
    language,
  ),
  piece(
    'this of a sloppy function in an expression',
    'CVE-2025-68613',
    `(${SECRET})(Function); const g = (function () { return this; })(); $.see('g', g); for (const name of ['process', 'global', 'mainModule', 'require']) if (g[name] !== undefined) $.find('secret', name); if (globalThis.foreignIntrinsics) $.find('secret', 'control');`,
    language,
  ),
  piece(
    'constructor as a bare name in with',
    'CVE-2026-1470',
    `$.see('with', Function('o', 'with (o) { return constructor; }')(() => {})); await $.compiles('it', Function('o', 'with (o) { return constructor; }')(() => {}));`,
    language,
  ),
  piece(
    'a destructured constructor',
    'CVE-2026-25049',
    `const { constructor: F } = () => {}; await $.compiles('F', F); const { ['const' + 'ructor']: G } = console.log; $.see('G', G); const { href: { constructor: { constructor: H } } } = new URL('http://a'); await $.compiles('H', H);`,
  ),
  piece(
    'process by a bare name',
    'CVE-2026-27577',
    `for (const name of ['process', 'global', 'root', 'GLOBAL', 'require', 'module', 'exports', 'Buffer', 'Deno', 'Bun', 'window', 'self', 'parent', 'top']) { const t = (0, eval)('typeof ' + name); if (t !== 'undefined' && !['self', 'window'].includes(name)) $.find('secret', name); } if (globalThis.foreignIntrinsics) $.find('secret', 'control'); $.see('names', []);`,
    language,
  ),
  piece(
    'a Function of a path in an expression of JSON',
    'CVE-2024-21534, CVE-2025-1302',
    `for (const expression of ["this.constructor.constructor('return process')()", "[].constructor.constructor('return this')().process", "''['sub']['constructor']('return process')()"]) $.tries(expression, () => (0, eval)(expression)); $.see('g', (0, eval)('this')); $.see('sub', ''.sub);`,
    language,
  ),
  piece(
    'a method defined on a prototype by an expression',
    'static-eval #32, CVE-2021-23334, CVE-2021-23771',
    `
    ({})['__proto__']['__defineGetter__']('planted', ({})['constructor']);
    try { $.see('planted', ({}).planted); $.tries('clone', () => structuredClone({})); $.tries('log', () => console.log({})); } finally { delete Object.prototype.planted; }
  `,
    language,
  ),
  piece(
    'global functions called without a receiver',
    'gf3/sandbox #67, #69, #70, safe-eval #32, #33',
    `
    for (const name of ['toLocaleString', 'valueOf', '__defineGetter__', 'propertyIsEnumerable', 'isPrototypeOf', 'hasOwnProperty', 'toString']) {
      const f = globalThis[name]; $.tries(name, () => f()); $.tries(name, () => f.call(undefined)); $.tries(name, () => (0, eval)(name + '()'));
    }
    $.see('toString', globalThis.toString);
  `,
    language,
  ),
  piece(
    'a callee and its callers',
    'vm2, ATTACKS.md category 5, jailed #1',
    `
    (function f() { $.here('f', this, arguments); $.see('caller', f.caller); $.see('arguments', f.arguments); })();
    const t = new EventTarget(); t.addEventListener('e', function f() { $.here('listener', this, arguments); $.see('caller', f.caller); $.see('callee', arguments.callee.caller); }); t.dispatchEvent(new Event('e'));
    [1].forEach(function f() { $.see('caller', f.caller); }); await new Promise((r) => setTimeout(function f() { $.see('caller', f.caller); r(); }, 0));
    new ReadableStream({ start: function f() { $.see('caller', f.caller); } }); structuredClone({ get a() { $.here('getter', this, arguments); return 1; } });
  `,
  ),
  piece(
    'the virtual console of a page',
    'CVE-2025-61927, CVE-2024-51757',
    `for (const name of ['console', 'URL', 'Event', 'Blob', 'AbortController', 'TextDecoder']) { const C = globalThis[name].constructor.constructor; await $.compiles(name, C); $.see(name, C); }`,
  ),
  piece(
    'a reference of an isolate',
    'CVE-2021-21413',
    `for (const name of ['Reference', 'ExternalCopy', 'Callback', 'ivm', '$0', '$1', '_ivm', 'isolate']) if (globalThis[name] !== undefined) $.find('secret', name); if (globalThis.foreignIntrinsics) $.find('secret', 'control'); $.see('keys', Reflect.ownKeys(globalThis));`,
    language,
  ),
  piece(
    'a RangeError of the called function',
    'near-membrane #48',
    `let e; const limit = (n = 1) => { try { return limit(n + 1); } catch { return n; } }; const exhaust = (n, f) => { try { n > 0 ? exhaust(n - 1, f) : f('x'); } catch (x) { e = x; } }; const max = limit(); for (let i = 0; i < 12; i++) { e = undefined; exhaust(max - i, console.log); if (e) $.see('e', e); } $.deepest('console.log', () => console.log('x')); $.see('log', console.log);`,
  ),
  piece(
    'an error thrown by the embedder on another turn',
    'near-membrane #8',
    `await new Promise((done) => setTimeout(() => { $.throws('later', () => new URL('x')); queueMicrotask(() => { $.throws('microtask', () => atob('*')); done(); }); }, 0));`,
  ),
];
