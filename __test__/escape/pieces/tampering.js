'use strict';

// Built-ins replaced by functions that look at all they are given, and then every native called: what runs
// inside the natives must neither hand out what is not the task's own, such as an op, nor depend on what the
// task has replaced. The result of such a task is awaited too.

const { NATIVES } = require('./natives.js');

const LATER = /^(import|eval|new Function|Proxy)/;
const CALLS = NATIVES.filter(([name]) => !LATER.test(name)).map(
  ([name, expression, sound]) => `[${JSON.stringify(name)}, () => { const x = ${sound}; return ${expression}; }],`,
);

/** Calls everything before, since much is made when it is first used, and then with the built-ins replaced. */
const around = (tamper) => `
  const calls = [${CALLS.join('\n')}];
  const use = () => { for (let i = 0; i < calls.length; i++) $.tries(calls[i][0], calls[i][1]); };
  const { apply, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
  const StringOwn = String;
  let busy = false;
  // What the probe itself calls is not looked at.
  const look = (label, receiver, args) => {
    if (busy) return;
    busy = true;
    try {
      $.see(label + ' this', receiver);
      for (let i = 0; i < args.length; i++) $.see(label + ' argument', args[i]);
    } finally {
      busy = false;
    }
  };
  const replace = (object, label) => {
    const keys = ownKeys(object);
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i];
      const descriptor = getOwnPropertyDescriptor(object, key);
      if (!descriptor.configurable || key === 'constructor') continue;
      for (const part of ['value', 'get', 'set']) {
        const behave = descriptor[part];
        if (typeof behave !== 'function') continue;
        const name = label + '.' + StringOwn(key);
        descriptor[part] = function () {
          look(name, this, arguments);
          return new.target ? Reflect.construct(behave, arguments, new.target) : apply(behave, this, arguments);
        };
        if (behave.prototype) descriptor[part].prototype = behave.prototype;
      }
      defineProperty(object, key, descriptor);
    }
  };
  const trap = (object, key) => defineProperty(object, key, {
    __proto__: null,
    configurable: true,
    get() { look('get ' + StringOwn(key), this, []); return undefined; },
    set(value) {
      look('set ' + StringOwn(key), this, [value]);
      defineProperty(this, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
    },
  });
  $.see('nothing', {});
  ${tamper}
  use();
`;

const replaced = (name) => ({
  name: `${name} replaced`,
  code: around(`replace(${name}, ${JSON.stringify(name)});`),
  naive: false,
  bare: true,
  mayFail: true,
});

const trapped = (object, keys, source) => ({
  name: `traps at ${object}: ${keys.join(', ')}`,
  source,
  code: around(
    keys.map((key) => `trap(${object}, ${/^[[]|^Symbol/.test(key) ? key : JSON.stringify(key)});`).join('\n'),
  ),
  naive: false,
  bare: true,
  mayFail: true,
});

module.exports = [
  trapped('Array.prototype', ['0', '1', '2', '3'], 'GHSA-9qj6-qjgg-37qq, CVE-2026-44008'),
  trapped('Object.prototype', ['0', '1', 'length'], 'GHSA-9qj6-qjgg-37qq'),
  trapped('Object.prototype', ['get', 'set', 'value', 'writable', 'enumerable', 'configurable'], 'vm2 #178'),
  trapped('Object.prototype', ['then', 'catch', 'finally']),
  trapped('Object.prototype', ['name', 'message', 'stack', 'cause', 'code']),
  trapped('Object.prototype', ['type', 'start', 'pull', 'size', 'transfer', 'signal', 'once', 'passive', 'capture']),
  trapped('Object.prototype', ['apply', 'construct', 'has', 'ownKeys', 'getPrototypeOf'], 'vm2 #178'),
  trapped('Object.prototype', ['Symbol.iterator', 'Symbol.asyncIterator', 'Symbol.toPrimitive']),
  trapped('Function.prototype', ['value', 'get', 'prototype'], 'vm2, ATTACKS.md category 8'),
  trapped('Promise.prototype', ['constructor']),
  replaced('Function.prototype'),
  replaced('Array.prototype'),
  replaced('Object'),
  replaced('Object.prototype'),
  replaced('Reflect'),
  replaced('Promise'),
  replaced('Promise.prototype'),
  replaced('Map.prototype'),
  replaced('Set.prototype'),
  { ...replaced('WeakMap.prototype'), source: 'vm2 #444' },
  replaced('WeakSet.prototype'),
  replaced('String.prototype'),
  replaced('RegExp.prototype'),
  replaced('Symbol.prototype'),
  replaced('Error'),
  replaced('Error.prototype'),
  replaced('ArrayBuffer.prototype'),
  replaced('Object.getPrototypeOf(Uint8Array.prototype)'),
  replaced('DataView.prototype'),
  replaced('JSON'),
  replaced('Math'),
  replaced('WebAssembly'),
  { ...replaced('Object.getPrototypeOf([].values())'), source: 'realms-shim #51' },
  replaced('Object.getPrototypeOf(Object.getPrototypeOf([].values()))'),
  replaced('Object.getPrototypeOf(Object.getPrototypeOf(function* () {})).prototype ?? {}'),
  replaced('EventTarget.prototype'),
  replaced('URL.prototype'),
  replaced('ReadableStream.prototype'),
  replaced('AbortSignal.prototype'),
  replaced('MessagePort.prototype'),
  replaced('console'),
  replaced('performance'),
  { ...replaced('globalThis'), name: 'every global replaced', source: 'GHSA-2cm2-m3w5-gp2f, vm2 #224' },
  {
    name: 'prototypes frozen',
    source: 'GHSA-vwrp-x96c-mhwq',
    code: around(`
      for (const name of Object.getOwnPropertyNames(globalThis)) {
        const { prototype } = globalThis[name] ?? {};
        if (prototype) Object.freeze(prototype);
      }
    `),
    naive: false,
    bare: true,
    mayFail: true,
  },
  {
    name: 'every property of prototypes deleted',
    code: around(`
      for (const object of [Array.prototype, String.prototype, Promise.prototype, Map.prototype, Function.prototype]) {
        const keys = ownKeys(object);
        for (let i = 0; i < keys.length; i++) delete object[keys[i]];
      }
    `),
    naive: false,
    bare: true,
    mayFail: true,
  },
  {
    name: 'Object.defineProperty gone',
    source: 'vm2, test "Object.defineProperty override attack via Promise species"',
    code: around('Object.defineProperty = () => {}; Object.freeze = (x) => x; Reflect.apply = () => {};'),
    naive: false,
    bare: true,
    mayFail: true,
  },
  {
    name: 'the species of arrays, promises and buffers',
    source: 'GHSA-grj5-jjm8-h35p, realms-shim #73',
    code: around(`
      for (const Class of [Array, Promise, ArrayBuffer, Object.getPrototypeOf(Uint8Array), RegExp, Map, Set]) {
        defineProperty(Class, Symbol.species, {
          get() { look('species', this, []); return class extends Class { constructor(...args) { super(...args); look('made', this, args); } }; },
        });
      }
    `),
    naive: false,
    bare: true,
    mayFail: true,
  },
  {
    name: 'Symbol.hasInstance of every class',
    source: 'vm2 #178, vm2 test "Symbol.hasInstance attack"',
    code: around(`
      for (const name of Object.getOwnPropertyNames(globalThis)) {
        if (typeof globalThis[name] !== 'function' || !globalThis[name].prototype) continue;
        defineProperty(globalThis[name], Symbol.hasInstance, { value(other) { look('hasInstance', this, [other]); return true; } });
      }
    `),
    naive: false,
    bare: true,
    mayFail: true,
  },
];
