'use strict';

// Results and errors that look at whoever takes them out of the task, and what they become in the parent.

const failed = 'ERR_TASK_FAILED';
const refused = 'ERR_DATA_CLONE';
const either =
  (...codes) =>
  ({ status, reason }) =>
    status === 'fulfilled' || codes.includes(reason.code);

/** The piece looks while its result is taken, so it says early what it saw, and again whenever it sees more. */
const watched = (name, code, more) => ({
  name,
  raw: true,
  naive: false,
  code: `
    const look = function () { $.here('taker', this, arguments); $.tellNow(); };
    $.see('nothing', {});
    $.tellNow();
    ${code}
  `,
  ...more,
});

module.exports = [
  watched(
    'getters',
    'return { get a() { look.apply(this, arguments); return 1; }, b: [{ get c() { look.call(this); return {}; } }] };',
  ),
  watched('a getter that throws', 'return { get a() { look.apply(this, arguments); null.x; } };', {
    settles: either(failed, refused),
  }),
  watched('toJSON, toString and valueOf', 'return { toJSON: look, toString: look, valueOf: look };', {
    settles: refused,
  }),
  watched(
    'Symbol.toPrimitive and Symbol.toStringTag',
    'return { [Symbol.toPrimitive]: look, get [Symbol.toStringTag]() { look(); return "x"; } };',
  ),
  watched('a thenable', 'return { then(resolve, reject) { look.apply(this, arguments); resolve(1); } };'),
  watched(
    'a thenable that looks at its resolver',
    `
    return { then(resolve, reject) { look.apply(this, arguments); resolve({ get then() { look.apply(this, arguments); return undefined; } }); } };
  `,
  ),
  watched('a thenable that throws', 'return { get then() { look.apply(this, arguments); null.x; } };', {
    settles: failed,
  }),
  watched(
    'a thenable that rejects',
    'return { then(resolve, reject) { look.apply(this, arguments); reject({ get message() { look(); return "m"; } }); } };',
    { settles: failed },
  ),
  watched(
    'a promise with a then of its own',
    `
    const promise = Promise.resolve(1);
    promise.then = function (...args) { look.apply(this, arguments); return Promise.prototype.then.apply(this, args); };
    return promise;
  `,
  ),
  watched(
    'a promise with another constructor',
    `
    const promise = Promise.resolve({});
    promise.constructor = { [Symbol.species]: function (executor) { look.apply(this, arguments); executor(look, look); } };
    return promise;
  `,
  ),
  watched(
    'Promise.prototype.then replaced',
    `
    const { then } = Promise.prototype;
    Promise.prototype.then = function () { look.apply(this, arguments); return then.apply(this, arguments); };
    return {};
  `,
  ),
  watched(
    'Promise.prototype.constructor replaced',
    `
    Object.defineProperty(Promise.prototype, 'constructor', { get() { look.apply(this, arguments); return { [Symbol.species]: look }; } });
    return {};
  `,
  ),
  watched(
    'Promise[Symbol.species] replaced',
    `
    Object.defineProperty(Promise, Symbol.species, { get() { look.apply(this, arguments); return Promise; } });
    return {};
  `,
  ),
  watched(
    'Object.prototype.then',
    `
    Object.defineProperty(Object.prototype, 'then', { get() { look.apply(this, arguments); return undefined; }, configurable: true });
    return {};
  `,
  ),
  watched(
    'traps at prototypes while the result is taken',
    `
    for (const object of [Object.prototype, Array.prototype]) {
      for (const key of ['0', 'get', 'set', 'value', 'name', 'message', 'cause', 'stack', 'errors', 'code', 'type', 'ok']) {
        Object.defineProperty(object, key, {
          configurable: true,
          get() { look.apply(this, arguments); return undefined; },
          set(value) { look.apply(this, arguments); Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true }); },
        });
      }
    }
    return [{ a: [new Map([[1, {}]]), new Error('e')] }];
  `,
    { settles: either(failed, refused), blind: 'it ends Node' },
  ),
  watched(
    'methods of collections replaced while the result is taken',
    `
    for (const { prototype } of [Map, Set, WeakMap, WeakSet, Array, Object.getPrototypeOf(Uint8Array)]) {
      for (const key of Reflect.ownKeys(prototype)) {
        const { value } = Object.getOwnPropertyDescriptor(prototype, key);
        if (typeof value !== 'function' || key === 'constructor') continue;
        prototype[key] = function () { look.apply(this, arguments); return Reflect.apply(value, this, arguments); };
      }
    }
    return [new Map([[{}, new Set([1])]]), new Error('e', { cause: [new Error('c')] })];
  `,
  ),
  watched('a proxy', 'return $.spy("result", {});', { settles: refused }),
  watched('a proxy inside', 'return { deep: [$.spy("result", [])] };', { settles: refused }),
  watched('a proxy that is thrown', 'throw $.spy("thrown", {});', { settles: failed }),
  watched('a proxy of an error that is thrown', 'throw $.spy("thrown", new Error("e"));', { settles: failed }),
  watched('a revoked proxy', 'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy;', {
    settles: /ERR_DATA_CLONE|ERR_TASK_FAILED/,
  }),
  watched(
    'a revoked proxy that is thrown',
    'const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); throw proxy;',
    { settles: failed },
  ),
  watched('a function', 'return look;', { settles: refused }),
  watched('a class', 'return class { static get x() { look(); } };', { settles: refused }),
  watched('a symbol', 'return Symbol("x");', { settles: refused }),
  watched('a WeakRef', 'return new WeakRef({});', { settles: either(refused) }),
  watched('a generator', 'return (function* () { look.apply(this, arguments); yield 1; })();', {
    settles: either(refused),
  }),
  watched('the global object', 'return globalThis;', { settles: either(refused, failed) }),
  watched(
    'arguments and call sites',
    'const sites = (() => { Error.prepareStackTrace = (e, s) => s; return new Error().stack; })(); Error.prepareStackTrace = undefined; return sites;',
    { settles: either(refused, failed) },
  ),
  watched(
    'errors with getters',
    `
    const error = new Error('e');
    for (const key of ['name', 'message', 'stack', 'cause', 'own', 'errors', 'constructor']) {
      Object.defineProperty(error, key, { get() { look.apply(this, arguments); return { get deep() { look(); return 1; } }; }, enumerable: true });
    }
    throw error;
  `,
    { settles: failed, source: 'vm2 #241, safe-eval #19' },
  ),
  watched(
    'errors with toString',
    `
    throw Object.assign(new Error('e'), { toString: look, [Symbol.toPrimitive]: look, toJSON: look, [Symbol.for('nodejs.util.inspect.custom')]: look });
  `,
    { settles: failed, source: 'GHSA-47x8-96vw-5wg6' },
  ),
  watched(
    'an error without a prototype and with a stack of its own',
    `
    const error = new Error('e');
    Object.setPrototypeOf(error, null);
    Object.defineProperty(error, 'stack', { value: { match: look, split: look, replace: look, toString: look } });
    throw error;
  `,
    { settles: failed, source: 'vm2 #241, safe-eval #19, CVE-2019-10761' },
  ),
  watched(
    'an error of a class of the task',
    'throw new (class extends Error { get name() { look.apply(this, arguments); return "x"; } get stack() { look(); return []; } })("e");',
    { settles: failed },
  ),
  watched(
    'an error with a symbol as its name',
    'const e = new Error("e"); e.name = Symbol("x"); e.message = { toString: look }; throw e;',
    { settles: failed, source: 'GHSA-hw58-p9xv-2mjh, CVE-2026-44001' },
  ),
  watched(
    'an error with itself as its cause',
    'const e = new Error("e"); e.cause = { e, get again() { look(); return e; } }; throw e;',
    { settles: failed },
  ),
  watched(
    'a rejection that nobody handles',
    'Promise.reject({ get message() { look.apply(this, arguments); return "m"; }, toString: look }); await new Promise((r) => setTimeout(r, 20));',
    { settles: failed, source: 'GHSA-hw58-p9xv-2mjh' },
  ),
  watched(
    'an error in a timer',
    'setTimeout(() => { throw { get message() { look.apply(this, arguments); return "m"; }, get stack() { look(); return ""; } }; }, 1); await new Promise((r) => setTimeout(r, 50));',
    { settles: failed },
  ),
  watched(
    'an error in a listener',
    'const t = new EventTarget(); t.addEventListener("e", () => { throw { get message() { look.apply(this, arguments); return "m"; } }; }); t.dispatchEvent(new Event("e")); await new Promise((r) => setTimeout(r, 20));',
    { settles: either(failed) },
  ),
  watched(
    'Error.prepareStackTrace for the parent',
    `
    Error.prepareStackTrace = function (error, sites) { look.apply(this, arguments); return { get x() { look(); return 1; }, toString: look }; };
    throw new Error('e');
  `,
    { settles: failed, source: 'vm2 #268' },
  ),
  watched(
    'Error.prepareStackTrace for errors of the platform',
    `
    Error.prepareStackTrace = function (error, sites) { look.apply(this, arguments); return ''; };
    try { structuredClone(() => {}); } catch (e) { e.stack; }
    return { f: () => {} };
  `,
    { settles: refused, source: 'CVE-2022-36067' },
  ),
  watched(
    'constructors replaced by their names',
    `
    for (const name of ['Error', 'TypeError', 'RangeError', 'Object', 'Array', 'Map', 'Promise', 'DOMException']) {
      globalThis[name] = new Proxy(globalThis[name], { construct(t, a, n) { look.apply(this, arguments); return Reflect.construct(t, a); }, get(t, k) { look.apply(this, arguments); return t[k]; } });
    }
    throw new TypeError('e');
  `,
    { settles: failed, source: 'CVE-2022-36067' },
  ),
  watched(
    'objects for console with hooks of inspection',
    `
    const hooks = {};
    for (const key of ['nodejs.util.inspect.custom', 'Deno.customInspect', 'Deno.privateCustomInspect', 'Deno.internal']) {
      hooks[Symbol.for(key)] = function (...args) {
        look.apply(this, arguments);
        for (const arg of args) $.see('argument of inspection', arg);
        if (typeof args[0] === 'function') $.tries('inspect', () => args[0].call(this, {}, args[1]));
        if (typeof args[1]?.stylize === 'function') $.see('stylize', args[1].stylize.constructor);
        $.tellNow();
        return {};
      };
    }
    for (const method of Object.keys(console)) {
      if (typeof console[method] === 'function') $.tries(method, () => console[method](hooks, '%o', hooks));
    }
    console.log('%s %d %i %f %j %o %O %c', hooks, hooks, hooks, hooks, hooks, hooks, hooks, hooks);
    $.tellNow();
    return 1;
  `,
    { source: 'GHSA-v37h-5mfm-c47c, CVE-2023-37903, GHSA-47x8-96vw-5wg6' },
  ),
  watched(
    'console of getters and proxies',
    `
    console.log({ get a() { look.apply(this, arguments); return 1; } });
    console.log($.spy('logged', {})); console.log($.spy('logged function', () => {}));
    console.log(new (class { get [Symbol.toStringTag]() { look.apply(this, arguments); return 'x'; } })());
    console.log(Object.assign(() => {}, { toString: look })); console.log(Object.create({ constructor: { get name() { look.apply(this, arguments); return 'x'; } } }));
    console.log(new Error('e', { cause: { get x() { look(); return 1; } } }));
    console.dir($.spy('dir', []), { showHidden: true, showProxy: true, depth: 9, get colors() { look.apply(this, arguments); return false; } });
    console.table([$.spy('table', { a: 1 })]);
    $.tellNow();
    return 1;
  `,
    { source: 'GHSA-qcp4-v2jj-fjx8' },
  ),
  watched(
    'a result that pollutes',
    'return JSON.parse(\'{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}\');',
    { source: 'CVE-2025-34146, static-eval #32' },
  ),
  watched(
    'an error that pollutes',
    'throw Object.assign(new Error("e"), JSON.parse(\'{"__proto__":{"polluted":1},"code":"x","constructor":{"prototype":{"polluted":1}}}\'));',
    { settles: failed },
  ),
  watched(
    'an error of a name that pollutes',
    'const e = new Error("e"); Object.defineProperty(e, "name", { value: "__proto__" }); Object.defineProperty(e, "__proto__", { value: { polluted: 1 }, enumerable: true }); throw e;',
    { settles: failed },
  ),
  watched(
    'names of errors that are other classes',
    'const e = new Error("e"); e.name = "constructor"; throw [e, Object.assign(new Error("f"), { name: "process" })];',
    { settles: failed },
  ),
];
