'use strict';

// Pairs of tasks: one plants something in its realm or isolate, and the other looks for it. `saw(text)` reports that it
// was found, which fails the test.

/**
 * @typedef {object} Pair
 * @property {string} name
 * @property {string} plant
 * @property {string} look
 * @property {unknown} [inputs] - for both
 * @property {boolean} [endsFirst] - the planting task cannot go on after planting, because it would fail
 * @property {boolean} [codeOnly] - no handler is compiled from such a text
 * @property {(line: string) => boolean} [lines] - whether a line that the looking task printed shows it
 * @property {boolean} [same] - both tasks have the same source text; `look` alone is run, twice
 * @property {string} [blind] - why it finds nothing in a shared realm of Node either
 * @property {string} [fails] - the error code with which the planting task ends
 */

/** Everything that has a prototype which other code relies on. */
const INTRINSICS = {
  Object: 'Object.prototype',
  Function: 'Function.prototype',
  Array: 'Array.prototype',
  String: 'String.prototype',
  Number: 'Number.prototype',
  Boolean: 'Boolean.prototype',
  Symbol: 'Symbol.prototype',
  BigInt: 'BigInt.prototype',
  Promise: 'Promise.prototype',
  RegExp: 'RegExp.prototype',
  Date: 'Date.prototype',
  Map: 'Map.prototype',
  Set: 'Set.prototype',
  WeakMap: 'WeakMap.prototype',
  WeakSet: 'WeakSet.prototype',
  WeakRef: 'WeakRef.prototype',
  Error: 'Error.prototype',
  TypeError: 'TypeError.prototype',
  ArrayBuffer: 'ArrayBuffer.prototype',
  DataView: 'DataView.prototype',
  'typed arrays': 'Object.getPrototypeOf(Uint8Array.prototype)',
  Uint8Array: 'Uint8Array.prototype',
  iterators: 'Object.getPrototypeOf(Object.getPrototypeOf([].values()))',
  'array iterators': 'Object.getPrototypeOf([].values())',
  'map iterators': 'Object.getPrototypeOf(new Map().values())',
  generators: 'Object.getPrototypeOf(function* () {}).prototype',
  'async functions': 'Object.getPrototypeOf(async () => {})',
  'async generators': 'Object.getPrototypeOf(async function* () {}).prototype',
  Intl: 'Intl.NumberFormat.prototype',
  WebAssembly: 'WebAssembly.Module.prototype',
  URL: 'URL.prototype',
  URLSearchParams: 'URLSearchParams.prototype',
  'iterators of URLSearchParams': "Object.getPrototypeOf(new URLSearchParams('').values())",
  EventTarget: 'EventTarget.prototype',
  Event: 'Event.prototype',
  AbortSignal: 'AbortSignal.prototype',
  ReadableStream: 'ReadableStream.prototype',
  WritableStream: 'WritableStream.prototype',
  TransformStream: 'TransformStream.prototype',
  Blob: 'Blob.prototype',
  TextDecoder: 'TextDecoder.prototype',
  DOMException: 'DOMException.prototype',
  MessagePort: 'MessagePort.prototype',
  SubtleCrypto: 'SubtleCrypto.prototype',
  performance: 'Object.getPrototypeOf(performance)',
};

const STATICS = [
  ...['Object', 'Function', 'Array', 'Promise', 'Error', 'Symbol', 'Reflect', 'JSON', 'Math', 'Atomics', 'Intl'],
  ...['WebAssembly', 'Proxy', 'Date', 'URL', 'AbortSignal', 'ReadableStream', 'DOMException', 'console', 'crypto'],
  ...['performance', 'crypto.subtle', 'setTimeout', 'structuredClone', 'console.log', 'atob', 'queueMicrotask'],
];

const pair = (name, plant, look, more) => ({ name, plant, look, ...more });

module.exports = {
  globals: [
    pair('a property of the global object', 'globalThis.planted = 1;', "if ('planted' in globalThis) saw('planted');"),
    pair(
      'a variable of indirect eval',
      "(0, eval)('var planted = 1');",
      "if (typeof planted !== 'undefined') saw(planted);",
    ),
    pair(
      'a function of indirect eval',
      "(0, eval)('function planted() {}');",
      "if (typeof planted !== 'undefined') saw(planted);",
    ),
    pair(
      'a let of indirect eval',
      "(0, eval)('let planted = 1'); globalThis.eval('class Planted {}');",
      "if (typeof planted !== 'undefined' || typeof Planted !== 'undefined') saw('planted');",
      {
        blind: 'lexical declarations of an eval end with it',
      },
    ),
    pair('a sloppy assignment', 'planted = 1;', "if (typeof planted !== 'undefined') saw(planted);"),
    pair(
      'a variable of new Function',
      "Function('planted = 1; this.plantedToo = 2')();",
      "if (typeof planted !== 'undefined' || 'plantedToo' in globalThis) saw('planted');",
    ),
    pair(
      'an accessor of the global object',
      "Object.defineProperty(globalThis, 'planted', { get: () => 1, configurable: true });",
      'if (globalThis.planted !== undefined) saw(globalThis.planted);',
    ),
    pair(
      'a property that cannot be deleted',
      "Object.defineProperty(globalThis, 'planted', { value: 1 });",
      "if ('planted' in globalThis) saw('planted');",
    ),
    pair(
      'a symbol of the global object',
      "globalThis[Symbol.for('planted')] = 1;",
      "if (Symbol.for('planted') in globalThis) saw('planted');",
    ),
    pair(
      'the prototype of the global object',
      'Object.getPrototypeOf(globalThis).planted = 1;',
      "if ('planted' in globalThis) saw('planted');",
    ),
    pair(
      'another prototype of the global object',
      'Object.setPrototypeOf(globalThis, { __proto__: Object.getPrototypeOf(globalThis), planted: 1 });',
      "if ('planted' in globalThis) saw('planted');",
    ),
    pair(
      'a global replaced',
      'URL = class Planted {}; globalThis.Map = class Planted {};',
      "if (URL.name !== 'URL' || Map.name !== 'Map') saw(URL.name);",
    ),
    pair(
      'a global deleted',
      'delete globalThis.atob; delete globalThis.WeakRef;',
      "if (typeof atob !== 'function' || typeof WeakRef !== 'function') saw('deleted');",
    ),
    pair('this of the body', 'this.planted = 1;', 'if (this.planted !== undefined) saw(this.planted);'),
    pair('the function of the body', 'arguments.callee.planted = 1;', "if (arguments.callee.planted) saw('planted');", {
      blind: 'each body is a function of its own',
    }),
    pair(
      'the keys of the global symbol registry',
      "Symbol.for('planted in the registry');",
      "if (Reflect.ownKeys(globalThis).some((key) => typeof key === 'symbol' && Symbol.keyFor(key)?.startsWith('planted'))) saw('planted');",
      {
        blind: 'a registered symbol is the same for everybody, by the specification, but is not listed anywhere',
      },
    ),
  ],
  prototypes: Object.entries(INTRINSICS).map(([name, object]) =>
    pair(
      `a property of the prototype of ${name}`,
      `${object}.planted = () => 1;`,
      `if ('planted' in ${object}) saw('planted');`,
    ),
  ),
  methods: Object.entries(INTRINSICS).map(([name, object]) =>
    pair(
      `a method of ${name} replaced`,
      `
        const target = ${object};
        for (const key of Reflect.ownKeys(target)) {
          const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
          if (key === 'constructor' || !descriptor.configurable || typeof descriptor.value !== 'function') continue;
          const behave = descriptor.value;
          descriptor.value = function planted() { return Reflect.apply(behave, this, arguments); };
          Reflect.defineProperty(target, key, descriptor);
          break;
        }
        target[Symbol.for('planted')] = 1;
      `,
      `
        const target = ${object};
        for (const key of Reflect.ownKeys(target)) {
          const { value } = Reflect.getOwnPropertyDescriptor(target, key);
          if (typeof value === 'function' && value.name === 'planted') saw(key);
        }
        if (Symbol.for('planted') in target) saw('symbol');
      `,
    ),
  ),
  statics: STATICS.map((name) =>
    pair(`a property of ${name}`, `${name}.planted = 1;`, `if (${name}.planted !== undefined) saw('planted');`),
  ),
  engine: [
    pair(
      'Error.prepareStackTrace',
      "Error.prepareStackTrace = () => 'planted';",
      "if (new Error('e').stack === 'planted' || Error.prepareStackTrace) saw('planted');",
    ),
    pair(
      'Error.stackTraceLimit',
      'Error.stackTraceLimit = 1;',
      'if (Error.stackTraceLimit !== 10) saw(Error.stackTraceLimit);',
    ),
    pair(
      'Error.stackTraceLimit deleted',
      'delete Error.stackTraceLimit;',
      'if (Error.stackTraceLimit !== 10) saw(Error.stackTraceLimit);',
    ),
    pair(
      'the last match of a RegExp',
      "/(pl)(anted)/.exec('planted');",
      'if (/plant/.test([RegExp.lastMatch, RegExp.$1, RegExp.input, RegExp.leftContext].join())) saw(RegExp.lastMatch);',
    ),
    pair('RegExp.input', "RegExp.input = 'planted';", "if (RegExp.input === 'planted') saw(RegExp.input);"),
    pair(
      'a regular expression that goes on',
      "globalThis.planted = /a/g; globalThis.planted.exec('aa');",
      "if (globalThis.planted?.lastIndex) saw('lastIndex');",
    ),
    pair(
      'Symbol.species of arrays',
      'Object.defineProperty(Array, Symbol.species, { get: () => class Planted extends Array {}, configurable: true });',
      "if ([1].map((x) => x).constructor !== Array) saw('species');",
    ),
    pair(
      'Symbol.isConcatSpreadable',
      'Object.defineProperty(Array.prototype, Symbol.isConcatSpreadable, { value: false, configurable: true });',
      "if ([].concat([1]).length !== 1 || [].concat([1])[0] !== 1) saw('concat');",
    ),
    pair(
      'an element of Array.prototype',
      "Array.prototype[3] = 'planted';",
      "if ([, , , ,][3] !== undefined) saw('element');",
    ),
    pair(
      'the iterator of arrays',
      "const { values } = Array.prototype; Array.prototype[Symbol.iterator] = function* () { yield 'planted'; };",
      'for (const x of [1]) if (x !== 1) saw(x);',
    ),
    pair(
      'a thenable of every object',
      "Object.prototype.then = function (resolve) { resolve('planted'); };",
      "if ((await {}) === 'planted') saw('then');",
    ),
    pair(
      'the order of Math.random',
      'globalThis.planted = Math.random; Math.random = () => 0.5;',
      "if (Math.random() === 0.5 && Math.random() === 0.5) saw('random');",
    ),
    pair(
      'Date replaced',
      'globalThis.Date = class extends Date { static now() { return 1; } };',
      "if (Date.now() === 1) saw('now');",
    ),
    pair(
      'the locale',
      "Intl.DateTimeFormat = new Proxy(Intl.DateTimeFormat, {}); Number.prototype.toLocaleString = () => 'planted';",
      "if ((1).toLocaleString() === 'planted') saw('locale');",
    ),
    pair(
      'an extension of Intl',
      "Intl.Planted = 1; Object.defineProperty(Intl.NumberFormat, 'supportedLocalesOf', { value: () => ['planted'] });",
      "if (Intl.Planted || Intl.NumberFormat.supportedLocalesOf('de')[0] === 'planted') saw('Intl');",
    ),
    pair(
      'WebAssembly memory',
      'globalThis.memory = new WebAssembly.Memory({ initial: 1 }); new Uint8Array(memory.buffer)[0] = 7;',
      "if (typeof memory !== 'undefined') saw(new Uint8Array(memory.buffer)[0]);",
    ),
    pair(
      'fresh memory is empty',
      'for (let i = 0; i < 50; i++) new Uint8Array(10_000).fill(7); for (let i = 0; i < 20; i++) new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer).fill(7);',
      "for (let i = 0; i < 100; i++) if (new Uint8Array(10_000).some((x) => x !== 0)) saw('old bytes'); if (new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer).some((x) => x !== 0)) saw('old memory');",
      { blind: 'V8 clears memory' },
    ),
    pair(
      'the accessors of __proto__',
      "Object.defineProperty(Object.prototype, '__proto__', { get: () => 'planted', configurable: true });",
      "if (({}).__proto__ === 'planted') saw('__proto__');",
    ),
    pair(
      'JSON of every object',
      "Object.prototype.toJSON = () => 'planted';",
      `if (JSON.stringify({}) === '"planted"') saw('toJSON');`,
    ),
    pair(
      'the text of functions',
      "Function.prototype.toString = () => 'planted';",
      "if (`${() => 1}` === 'planted') saw('toString');",
    ),
    pair(
      'a private name on an object of the realm',
      'class Base { constructor(o) { return o; } } class Mark extends Base { #x = 1; static has = (o) => #x in o; } new Mark(globalThis); new Mark(Array.prototype); globalThis.Mark = Mark;',
      "if (typeof Mark !== 'undefined' && (Mark.has(globalThis) || Mark.has(Array.prototype))) saw('mark');",
    ),
    pair(
      'a WeakMap of objects of the realm',
      'globalThis.marks = new WeakMap([[Array.prototype, 1]]);',
      "if (typeof marks !== 'undefined' && marks.get(Array.prototype)) saw('mark');",
    ),
  ],
  time: [
    pair(
      'a timer',
      'setTimeout(() => { globalThis.planted = 1; }, 5);',
      "await new Promise((r) => setTimeout(r, 25)); if (globalThis.planted) saw('timer');",
    ),
    pair(
      'an interval',
      'setInterval(() => { globalThis.planted = 1; }, 1);',
      "await new Promise((r) => setTimeout(r, 25)); if (globalThis.planted) saw('interval');",
    ),
    pair(
      'an immediate',
      'setImmediate(() => { globalThis.planted = 1; });',
      "await new Promise((r) => setTimeout(r, 10)); if (globalThis.planted) saw('immediate');",
    ),
    pair(
      'the numbers of timers',
      'for (let i = 0; i < 500; i++) clearTimeout(setTimeout(() => {}, 1));',
      'const id = setTimeout(() => {}, 0); clearTimeout(id); if (+id > 400) saw(+id);',
      { blind: 'Node gives objects' },
    ),
    pair(
      'a timer that is not its own',
      'globalThis.fired = 0; for (let i = 0; i < 20; i++) setTimeout(() => { fired++; }, 15);',
      "for (let i = 0; i < 2000; i++) clearTimeout(i); const hit = typeof fired !== 'undefined'; if (hit) saw('shared');",
    ),
    pair(
      'a microtask',
      'queueMicrotask(() => { globalThis.planted = 1; });',
      "await null; if (globalThis.planted) saw('microtask');",
    ),
    pair(
      'a chain of promises',
      '(async () => { for (let i = 0; i < 50; i++) await null; globalThis.planted = 1; })();',
      "await new Promise((r) => setTimeout(r, 10)); if (globalThis.planted) saw('chain');",
    ),
    pair(
      'a rejection that nobody handles',
      "setTimeout(() => Promise.reject(new Error('planted')), 5);",
      'await new Promise((r) => setTimeout(r, 25));',
      { blind: 'it would fail the task that looks', endsFirst: true },
    ),
    pair(
      'a finalization callback',
      'globalThis.registry = new FinalizationRegistry(() => { globalThis.planted = 1; }); for (let i = 0; i < 100; i++) registry.register({}, 1);',
      "for (let i = 0; i < 20; i++) { new Array(100_000).fill({}); await new Promise((r) => setTimeout(r, 0)); } if (globalThis.planted || globalThis.registry) saw('finalized');",
    ),
    pair('a WeakRef', 'globalThis.ref = new WeakRef({ planted: 1 });', "if (globalThis.ref?.deref()) saw('ref');"),
    pair(
      'a generator that waits',
      "globalThis.generator = (function* () { yield; yield 'planted'; })(); generator.next();",
      "if (globalThis.generator?.next().value) saw('generator');",
    ),
    pair(
      'an async generator that waits',
      'globalThis.generator = (async function* () { try { yield 1; } finally { globalThis.planted = 1; } })(); await generator.next();',
      "await globalThis.generator?.return(); if (globalThis.planted) saw('return');",
    ),
    pair(
      'a listener of the global object',
      "globalThis.addEventListener?.('planted', () => { globalThis.planted = 1; }); globalThis.onplanted = 1;",
      "globalThis.dispatchEvent?.(new Event('planted')); if (globalThis.planted || globalThis.onplanted) saw('listener');",
    ),
    pair(
      'onerror of the global object',
      'globalThis.onerror = () => true; globalThis.onunhandledrejection = () => true;',
      "if (globalThis.onerror || globalThis.onunhandledrejection) saw('onerror');",
    ),
    pair(
      'a signal',
      "globalThis.controller = new AbortController(); controller.signal.addEventListener('abort', () => { globalThis.planted = 1; });",
      "globalThis.controller?.abort(); if (globalThis.planted) saw('abort');",
    ),
    pair(
      'a task that failed',
      "globalThis.planted = 1; throw new Error('planted');",
      "if (globalThis.planted) saw('planted');",
      { fails: 'ERR_TASK_FAILED' },
    ),
    pair('a task that ran too long', 'globalThis.planted = 1; for (;;);', "if (globalThis.planted) saw('planted');", {
      fails: 'ERR_TASK_TIMEOUT',
    }),
    pair(
      'a task that took all memory',
      'globalThis.planted = 1; for (const all = [];;) all.push(new Array(1000).fill({}));',
      "if (globalThis.planted) saw('planted');",
      { fails: 'ERR_MEMORY_LIMIT' },
    ),
    pair(
      'a full stack',
      'globalThis.planted = 1; (function f() { f(); })();',
      "if (globalThis.planted) saw('planted');",
      { fails: 'ERR_TASK_FAILED' },
    ),
  ],
  platform: [
    pair(
      'the indentation of console.group',
      "console.group('planted'); console.group();",
      "if (console.indentLevel > 0) saw(console.indentLevel); if (console[Symbol.for('planted')]) saw('planted');",
      { blind: 'Node does not tell', lines: (line) => /^\s/.test(line) },
    ),
    pair('the counts of console', "console.count('planted'); console.count('planted');", "console.count('planted');", {
      blind: 'it shows in the line alone',
      lines: (line) => line === 'planted: 3',
    }),
    pair('the timers of console', "console.time('planted');", "console.timeEnd('planted');", {
      blind: 'it shows in the line alone',
      lines: (line) => /planted: [\d.]+ ?m?s/.test(line),
    }),
    pair(
      'a method of console replaced',
      'console.warn = () => {}; console.planted = 1;',
      "if (console.planted) saw('planted');",
    ),
    pair(
      'performance marks',
      "performance.mark('planted'); performance.measure('planted too', 'planted');",
      "if (performance.getEntries().some(({ name }) => name.startsWith('planted'))) saw('entries'); try { performance.measure('x', 'planted'); saw('mark'); } catch {}",
    ),
    pair(
      'the URL of a Blob',
      "if (URL.createObjectURL) globalThis.planted = URL.createObjectURL(new Blob(['planted']));",
      "if (globalThis.planted) saw('planted');",
      { blind: 'it is not there' },
    ),
    pair(
      'a port',
      "const { port1, port2 } = new MessageChannel(); globalThis.port = port2; port1.postMessage('planted'); setTimeout(() => { port1.close(); port2.close(); }, 50);",
      "if (globalThis.port) saw('port');",
    ),
    pair(
      'a BroadcastChannel',
      "if (typeof BroadcastChannel === 'function') { const c = new BroadcastChannel('planted'); c.unref?.(); c.onmessage = (e) => c.postMessage('planted'); globalThis.channel = c; setTimeout(() => c.close(), 50); }",
      "if (globalThis.channel) saw('channel'); if (typeof BroadcastChannel === 'function') { const c = new BroadcastChannel('planted'); c.unref?.(); c.onmessage = () => saw('answer'); c.postMessage(1); await new Promise((r) => setTimeout(r, 20)); c.close(); }",
    ),
    pair(
      'a stream',
      "globalThis.stream = new ReadableStream({ start(c) { c.enqueue('planted'); } });",
      'if (globalThis.stream) saw((await stream.getReader().read()).value);',
    ),
    pair(
      'a key',
      "globalThis.key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, false, ['encrypt']);",
      "if (globalThis.key) saw('key');",
    ),
    pair(
      'a buffer that was transferred',
      'globalThis.buffer = new ArrayBuffer(8); structuredClone(buffer, { transfer: [buffer] });',
      "if (globalThis.buffer) saw('buffer');",
    ),
    pair(
      'a decoder in the middle of a character',
      'globalThis.decoder = new TextDecoder(); decoder.decode(new Uint8Array([0xe2, 0x82]), { stream: true });',
      'if (globalThis.decoder) saw(decoder.decode(new Uint8Array([0xac])));',
    ),
    pair(
      'AbortSignal.abort replaced',
      "AbortSignal.abort = () => 'planted';",
      "if (AbortSignal.abort() === 'planted') saw('abort');",
    ),
    pair(
      'the name of a class',
      "Object.defineProperty(DOMException, 'name', { value: 'Planted' }); Object.defineProperty(URL, Symbol.hasInstance, { value: () => true });",
      "try { atob('*'); } catch (e) { if (e.constructor.name === 'Planted') saw('name'); } if ({} instanceof URL) saw('hasInstance');",
    ),
    pair(
      'the environment',
      "const e = typeof env !== 'undefined' ? env : typeof ctx !== 'undefined' ? ctx.env : undefined; try { e.planted = 1; } catch {} try { e.deep.list.push('planted'); } catch {} globalThis.planted = e;",
      "const e = typeof env !== 'undefined' ? env : typeof ctx !== 'undefined' ? ctx.env : undefined; if (e?.planted || e?.deep?.list?.includes('planted') || globalThis.planted === e && e) saw('env');",
      { blind: 'there is none' },
    ),
    pair(
      'functions of the host',
      "const h = typeof host !== 'undefined' ? host : typeof ctx !== 'undefined' ? ctx.host : undefined; try { h.planted = 1; } catch {} try { h.echo.planted = 1; } catch {}",
      "const h = typeof host !== 'undefined' ? host : typeof ctx !== 'undefined' ? ctx.host : undefined; if (h?.planted || h?.echo?.planted) saw('host');",
      { blind: 'there are none' },
    ),
    pair(
      'the loaded modules',
      "await import('planted').catch(() => {}); globalThis.planted = 1;",
      "await import('planted').then(() => saw('module'), () => {}); if (globalThis.planted) saw('planted');",
    ),
  ],
  code: [
    pair(
      'a template object of the same text',
      '',
      "const site = ((strings) => strings)`x`; if (globalThis.site === site) saw('same site'); globalThis.site = site;",
      { same: true, blind: 'node:vm compiles anew' },
    ),
    pair(
      'a template object that cannot be changed',
      '',
      "const site = ((strings) => strings)`x${1}`; globalThis.sites ??= new WeakSet(); if (sites.has(site)) saw('same site'); sites.add(site); if (globalThis.again) saw('again'); globalThis.again = true;",
      { same: true },
    ),
    pair(
      'a template object in a function of the same text',
      '',
      "const tag = (strings) => strings; const f = () => tag`planted`; globalThis.kept ??= []; if (kept.length > 0) saw('kept'); kept.push(f());",
      { same: true },
    ),
    pair(
      'a property of the function of the same text',
      '',
      "try { const self = arguments.callee; if (self.planted) saw('planted'); self.planted = 1; } catch {}",
      { same: true, blind: 'node:vm compiles anew' },
    ),
    pair(
      'a property of a function in the same text',
      '',
      "function inner() {} if (inner.planted) saw('planted'); inner.planted = 1;",
      { same: true, blind: 'it is made at each run' },
    ),
    pair('a static of a class in the same text', '', "class A { static n = 0; } if (A.n > 0) saw('static'); A.n++;", {
      same: true,
      blind: 'it is made at each run',
    }),
    pair(
      'a regular expression in the same text',
      '',
      "const r = /a/g; if (r.lastIndex > 0 || r.planted) saw('literal'); r.exec('aa'); r.planted = 1;",
      { same: true, blind: 'it is made at each run' },
    ),
    pair(
      'literals in the same text',
      '',
      "const o = { a: [1] }; if (o.planted || o.a.length > 1) saw('literal'); o.planted = 1; o.a.push(2);",
      { same: true, blind: 'they are made at each run' },
    ),
    pair(
      'the same text as TypeScript',
      '',
      "const n: number = 1; enum E { A } if ((globalThis as any).planted) saw('planted'); (globalThis as any).planted = E;",
      { same: true, codeOnly: true, blind: 'Node does not read it' },
    ),
    pair(
      'a variable of the same text',
      '',
      "var x; if (x) saw(x); x = 1; if (typeof y !== 'undefined') saw('y'); globalThis.y = 1;",
      { same: true },
    ),
    pair(
      'inputs of the same text',
      '',
      "if (inputs.planted) saw('inputs'); inputs.planted = 1; inputs.list.push(1); if (inputs.list.length > 2) saw('list');",
      { same: true, inputs: { list: [1] } },
    ),
    pair(
      'config of the same text',
      '',
      "if (Object.isFrozen(config ?? {})) saw('frozen'); if (config?.planted) saw('config'); if (config) config.planted = 1;",
      { same: true, inputs: { list: [1] }, blind: 'there is none' },
    ),
    pair(
      'arguments of the body',
      '',
      "if (arguments[2] !== undefined) saw('argument'); arguments[2] = 1; if (globalThis.last) saw('kept'); globalThis.last = arguments;",
      { same: true },
    ),
    pair(
      'eval of the same text',
      '',
      "const f = (0, eval)('(function f() {})'); if (f.planted) saw('planted'); f.planted = 1;",
      { same: true, blind: 'it is made at each run' },
    ),
    pair(
      'a template object of the same eval',
      '',
      "const site = (0, eval)('((strings) => strings)`planted in eval`'); globalThis.evals ??= new Set(); if (evals.size > 0) saw('evals'); evals.add(site);",
      { same: true },
    ),
    pair(
      'a RegExp of the same text by new',
      '',
      "const r = new RegExp('planted', 'g'); if (r.lastIndex) saw('RegExp'); r.exec('planted'); if (RegExp.lastMatch !== 'planted') saw('match');",
      { same: true, blind: 'it is made at each run' },
    ),
  ],
  results: [
    pair(
      'a result that is kept',
      "globalThis.kept = { list: ['planted'] }; return kept;",
      'if (globalThis.kept) saw(kept.list);',
    ),
    pair(
      'an error that is kept',
      "globalThis.kept = new Error('planted'); throw kept;",
      'if (globalThis.kept) saw(kept.message);',
      { fails: 'ERR_TASK_FAILED' },
    ),
    pair('inputs that are kept', 'globalThis.kept = inputs;', 'if (globalThis.kept) saw(kept.list);', {
      inputs: { list: ['planted'] },
    }),
    pair(
      'a getter of a result',
      'return { get a() { globalThis.planted = 1; return 1; } };',
      "if (globalThis.planted) saw('getter');",
      { blind: 'nobody takes the result' },
    ),
    pair(
      'a getter of an error',
      "throw { get message() { globalThis.planted = 1; return 'm'; } };",
      "if (globalThis.planted) saw('getter');",
      { fails: 'ERR_TASK_FAILED', blind: 'nobody reads the error' },
    ),
    pair(
      'a thenable',
      'return { then(resolve) { globalThis.planted = resolve; resolve(1); } };',
      "if (globalThis.planted) saw('then');",
    ),
    pair(
      'a result that cannot cross',
      'globalThis.planted = 1; return () => {};',
      "if (globalThis.planted) saw('planted');",
      { fails: 'ERR_DATA_CLONE' },
    ),
  ],
  // Last, because in a realm that is shared nobody could look after it.
  frozen: ['Object.freeze', 'Object.seal', 'Object.preventExtensions'].map((how) =>
    pair(
      `${how} of all there is`,
      `
        for (const name of Object.getOwnPropertyNames(globalThis)) {
          const value = globalThis[name];
          if (value === globalThis || (typeof value !== 'function' && typeof value !== 'object') || value === null) continue;
          try { ${how}(value.prototype ?? {}); ${how}(value); } catch {}
        }
      `,
      `
        for (const name of ['Object', 'Array', 'Promise', 'Error', 'Map', 'URL', 'JSON', 'Math']) {
          const { prototype } = globalThis[name];
          if (!Object.isExtensible(globalThis[name]) || (prototype && !Object.isExtensible(prototype))) saw(name);
        }
      `,
    ),
  ),
};
