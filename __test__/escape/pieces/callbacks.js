'use strict';

// Functions of the task that natives call: what they get, who calls them, and what the call sites tell.

/** A sloppy function, whose callers can be asked for. */
const SLOPPY = (name) => `(function () { $.here(${JSON.stringify(name)}, this, arguments); done?.(); })`;

/** @type {Record<string, string>} */
const waited = {
  setTimeout: `setTimeout(CALLBACK, 1, {}, [])`,
  setImmediate: `setImmediate(CALLBACK, {})`,
  setInterval: `const id = setInterval(function () { $.here('interval', this, arguments); clearInterval(id); done(); }, 1)`,
  queueMicrotask: `queueMicrotask(CALLBACK)`,
  'a promise reaction': `Promise.resolve({}).then(CALLBACK)`,
  'a rejection reaction': `Promise.reject({}).catch(CALLBACK)`,
  'a finally reaction': `Promise.resolve({}).finally(CALLBACK)`,
  'a thenable': `Promise.resolve({ then: CALLBACK })`,
  'an awaited thenable': `(async () => { await { then: CALLBACK }; })()`,
  'an event listener': `const t = new EventTarget(); t.addEventListener('e', CALLBACK); t.dispatchEvent(new Event('e'))`,
  'an event listener object': `const t = new EventTarget(); t.addEventListener('e', { handleEvent: CALLBACK }); t.dispatchEvent(new Event('e'))`,
  'an abort listener': `const c = new AbortController(); c.signal.addEventListener('abort', CALLBACK); c.abort({})`,
  onabort: `const c = new AbortController(); c.signal.onabort = CALLBACK; c.abort()`,
  'a listener of a timeout signal': `AbortSignal.timeout(1).addEventListener('abort', CALLBACK); setTimeout(() => {}, 50)`,
  'start of a stream': `new ReadableStream({ start: CALLBACK })`,
  'pull of a stream': `new ReadableStream({ pull: CALLBACK }).getReader().read()`,
  'cancel of a stream': `new ReadableStream({ cancel: CALLBACK }).cancel({})`,
  'pull of a byte stream': `new ReadableStream({ type: 'bytes', pull: CALLBACK }).getReader({ mode: 'byob' }).read(new Uint8Array(4))`,
  'size of a strategy': `new ReadableStream({ start(c) { c.enqueue({}); } }, { size: CALLBACK })`,
  'start of a sink': `new WritableStream({ start: CALLBACK })`,
  'write of a sink': `new WritableStream({ write: CALLBACK }).getWriter().write({})`,
  'close of a sink': `new WritableStream({ close: CALLBACK }).getWriter().close()`,
  'abort of a sink': `new WritableStream({ abort: CALLBACK }).abort({})`,
  'transform of a stream': `new TransformStream({ transform: CALLBACK }).writable.getWriter().write({})`,
  'flush of a stream': `new TransformStream({ flush: CALLBACK }, {}, { highWaterMark: 1 }).writable.getWriter().close()`,
  'a message': `const { port1, port2 } = new MessageChannel(); port2.onmessage = function () { $.here('message', this, arguments); port1.close(); port2.close(); done(); }; port1.postMessage({})`,
};

const sync = {
  'Array sort': '[2, 1].sort(CALLBACK)',
  'Array map': '[{}].map(CALLBACK, {})',
  'Array.from': 'Array.from([{}], CALLBACK)',
  'Array reduce': '[{}, {}].reduce(CALLBACK)',
  'String replace': "'abc'.replace(/(?<x>b)/, CALLBACK)",
  'Symbol.replace': "'abc'.replace({ [Symbol.replace]: CALLBACK }, 'x')",
  'JSON reviver': 'JSON.parse(\'{"a":[1]}\', CALLBACK)',
  'JSON replacer': 'JSON.stringify({ a: 1 }, CALLBACK)',
  toJSON: 'JSON.stringify({ toJSON: CALLBACK })',
  'Reflect.apply': 'Reflect.apply(CALLBACK, {}, [{}])',
  'Reflect.construct': 'Reflect.construct(CALLBACK, [{}])',
  'a bound function': 'CALLBACK.bind({}, {})()',
  'Promise executor': 'new Promise(CALLBACK)',
  'Promise.withResolvers':
    'Promise.withResolvers.call(function (executor) { executor(CALLBACK, CALLBACK); $.here("made", this, arguments); })',
  'Promise.try': 'Promise.try(CALLBACK, {})',
  'Map forEach': 'new Map([[{}, {}]]).forEach(CALLBACK, {})',
  'Map.groupBy': 'Map.groupBy([{}], CALLBACK)',
  'URLSearchParams forEach': "new URLSearchParams('a=1').forEach(CALLBACK, {})",
  'Symbol.hasInstance': '({}) instanceof { [Symbol.hasInstance]: CALLBACK }',
  'Symbol.toPrimitive': '`${{ [Symbol.toPrimitive]: CALLBACK }}`',
  'a tag of a template': 'CALLBACK`a${{}}b`',
  'a getter': 'Object.defineProperty({}, "x", { get: CALLBACK }).x',
  'a getter of a prototype of the global':
    'Object.defineProperty(globalThis, "seen", { get: CALLBACK, configurable: true }).seen',
  'a static block': '(class A { static { CALLBACK.call(A, {}); } })',
  'Symbol.iterator': '[...{ [Symbol.iterator]: CALLBACK }]',
  'a disposer': '(() => { const stack = new DisposableStack(); stack.defer(CALLBACK); stack.dispose(); })()',
  'a matcher of a RegExp': "RegExp.prototype[Symbol.match].call({ exec: CALLBACK, flags: 'g' }, 'a')",
  'Intl locale matching': 'Intl.NumberFormat({ get length() { return CALLBACK.call(this, {}); } })',
  'Temporal fields': 'Temporal.PlainDate.from({ get year() { return CALLBACK.call(this, {}); } })',
};

const WEB = /URL|Event|Abort|Stream|Message|queueMicrotask|setT|setI/;
const NEW_NODE = { 'Promise.try': 'Promise.try', 'Map.groupBy': 'Map.groupBy', 'a disposer': 'DisposableStack' };

module.exports = [
  ...Object.entries(waited).map(([name, expression]) => ({
    name,
    code: `
      await new Promise((done) => {
        ${expression.replaceAll('CALLBACK', SLOPPY(name))};
        $.see('nothing', {});
        setTimeout(done, 200);
      });
    `,
    naive: /listener|onabort|^(start|pull) of|message|^set/.test(name),
    mayFail: true,
  })),
  ...Object.entries(sync).map(([name, expression]) => ({
    name,
    needs:
      NEW_NODE[name] ??
      (name.startsWith('Temporal')
        ? 'Temporal'
        : name.startsWith('Promise.with')
          ? 'Promise.withResolvers'
          : undefined),
    code: `let done; $.tries(${JSON.stringify(name)}, () => ${expression.replaceAll('CALLBACK', SLOPPY(name))});`,
    naive: WEB.test(expression),
  })),
  {
    name: 'a finalization callback',
    code: `
      const registry = new FinalizationRegistry(function () { $.here('finalized', this, arguments); });
      for (let i = 0; i < 200; i++) registry.register({ large: new Array(1000) }, { held: i });
      for (let i = 0; i < 60; i++) { new Array(50_000).fill({}); await new Promise((r) => setTimeout(r, 0)); }
      $.see('registry', registry);
    `,
    naive: false,
  },
  {
    name: 'the stack of an error across awaits',
    source: 'CVE-2023-29017',
    code: `
      const before = Error.prepareStackTrace;
      Error.prepareStackTrace = (error, sites) => ({ error, sites });
      async function inner() { await null; return new Error('e').stack; }
      async function outer() { return await inner(); }
      const { error, sites } = await outer();
      Error.prepareStackTrace = before;
      $.see('error', error); $.see('sites', sites);
      for (const site of sites) {
        for (const key of Reflect.ownKeys(Object.getPrototypeOf(site))) {
          if (typeof site[key] === 'function' && key !== 'constructor') $.tries(String(key), () => site[key]());
        }
      }
    `,
    naive: false,
  },
  {
    name: 'call sites inside natives of the platform',
    source: 'CVE-2022-36067, vm2 #515',
    code: `
      const seen = [];
      const before = Error.prepareStackTrace;
      Error.prepareStackTrace = (error, sites) => { seen.push(error, sites); return ''; };
      const raise = { get href() { throw new Error('e'); }, toString() { throw new Error('e'); } };
      const calls = [
        () => new URL(raise), () => new Blob([raise]), () => structuredClone({ get x() { return raise.href; } }),
        () => new Event(raise), () => new TextDecoder(raise), () => atob(raise), () => new URL('x'), () => atob('*'),
        () => new ReadableStream({ start() { raise.href; } }), () => new Headers(raise), () => crypto.getRandomValues(raise),
      ];
      for (const call of calls) { try { call(); } catch (e) { e.stack; seen.push(e); } }
      Error.prepareStackTrace = before;
      for (const item of seen) {
        $.see('seen', item);
        if (!Array.isArray(item)) continue;
        for (const site of item) for (const key of ['getThis', 'getFunction', 'getEvalOrigin', 'getTypeName', 'getPromiseIndex']) {
          if (typeof site[key] === 'function') $.tries(key, () => site[key]());
        }
      }
    `,
  },
];
