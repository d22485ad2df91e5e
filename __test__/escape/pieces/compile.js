'use strict';

// Code that makes code: whatever compiles it, it sees the own global object and nothing of the worker.

const FUNCTIONS = {
  Function: 'Function',
  'constructor of a function': '(() => {}).constructor',
  'constructor of an async function': '(async () => {}).constructor',
  'constructor of a generator': '(function* () {}).constructor',
  'constructor of an async generator': '(async function* () {}).constructor',
  'constructor of the constructor of an object': '({}).constructor.constructor',
  'constructor of this': 'globalThis.constructor.constructor',
  'constructor of arguments': '(function () { return arguments; })().constructor.constructor',
  'constructor of inputs': 'inputs.constructor.constructor',
  'constructor of a class': '(class {}).constructor',
  'constructor of a method': '({ m() {} }).m.constructor',
  'constructor of a getter': "Object.getOwnPropertyDescriptor({ get x() { return 1; } }, 'x').get.constructor",
  'constructor of a bound function': '(() => {}).bind().constructor',
  'constructor of a proxy': 'new Proxy(() => {}, {}).constructor',
  'constructor of console.log': 'console.log.constructor',
  'constructor of setTimeout': 'setTimeout.constructor',
  'constructor of a URL': "new URL('http://a').constructor.constructor",
  'constructor of a promise of the platform':
    "crypto.subtle.digest('SHA-1', new Uint8Array(1)).constructor.constructor",
  'constructor of an import': "import('x').catch(() => {}).constructor.constructor",
  'constructor of an error of the platform':
    "(() => { try { new URL('x'); } catch (e) { return e; } })().constructor.constructor",
  'constructor of a prototype': 'Object.getPrototypeOf(globalThis).constructor.constructor',
  'constructor of a timer': 'Object(setTimeout(() => {}, 0)).constructor.constructor',
  'constructor by descriptors': "Object.getOwnPropertyDescriptor(Object.getPrototypeOf(() => {}), 'constructor').value",
  'constructor by entries':
    'Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(() => {}))).find(([k]) => k === "constructor")[1].value',
  'constructor by a lookup': "({}).__lookupGetter__('__proto__').constructor",
  'constructor of a Function of a Function': "Function('return Function')()",
  eval: '(...code) => (0, eval)(`(function () { ${code} })`)',
  'direct eval': '(...code) => eval(`(function () { ${code} })`)',
};

const NAIVE = /console|setTimeout|URL|inputs|platform/;
const SECRETS = `['Deno', '__bootstrap', 'process', 'require', 'ops', 'isolane', 'Buffer', 'module', 'exports', '__filename']`;

module.exports = [
  ...Object.entries(FUNCTIONS).map(([name, expression]) => ({
    name,
    source: /descriptors|entries/.test(name)
      ? 'vm2 test "getOwnPropertyDescriptor Function constructor bypass attack"'
      : undefined,
    code: `const made = ${expression}; $.see('it', made); await $.compiles(${JSON.stringify(name)}, made);`,
    naive: NAIVE.test(name),
    inputs: {},
  })),
  {
    name: 'with and a proxy of the scope',
    source: 'CVE-2026-1470',
    code: `
      const asked = Function('proxy', 'with (proxy) { return typeof process + typeof Deno + typeof constructor; }');
      const names = [];
      $.see('with', asked(new Proxy({}, { has(target, name) { names.push(name); return false; }, get: (t, k) => $.see(String(k), t) })));
      with ({ constructor: 1 }) { $.see('scope', (() => globalThis)()); }
      for (const name of names) if (/^op_|bootstrap|internal/.test(String(name))) $.find('secret', String(name));
      $.see('names', names);
    `,
    naive: false,
  },
  {
    name: 'sources of functions tell no secrets',
    code: `
      for (const name of Object.getOwnPropertyNames(globalThis)) {
        if (typeof globalThis[name] !== 'function') continue;
        const text = Function.prototype.toString.call(globalThis[name]);
        if (/op_isolane|__bootstrap/.test(text)) $.find('secret', 'source of ' + name);
      }
      $.see('toString', Function.prototype.toString);
    `,
    naive: false,
  },
  {
    name: 'names that the platform leaves in no scope',
    code: `
      for (const name of ${SECRETS}) {
        for (const how of [(0, eval), (code) => eval(code), (code) => Function('return ' + code)()]) {
          if ($.tries(name, () => how('typeof ' + name)) !== 'undefined') $.find('secret', name);
        }
      }
      if (globalThis.foreignIntrinsics) $.find('secret', 'control');
      $.see('names', []);
    `,
    naive: false,
  },
  {
    name: 'import.meta, import.source and import.defer',
    code: `
      for (const code of ['import.meta', 'import.meta.resolve', 'import.source("x")', 'import.defer("x")', 'import * as x from "fs"']) {
        $.tries(code, () => (0, eval)(code));
      }
    `,
    naive: false,
    mayFail: true,
  },
  {
    name: 'import() from compiled code',
    source: 'CVE-2021-23449, safe-eval #27, jailed #61, CVE-2023-39532',
    code: `
      for (const compile of [eval, Function, (async () => {}).constructor]) {
        const run = compile === eval ? () => (0, eval)("import('node:fs')") : compile("return import('node:fs')");
        await $.rejects('import', run);
      }
      await $.rejects('in a timer', () => new Promise((_, reject) => setTimeout(() => import('fs').catch(reject), 0)));
      await $.rejects('with a spread', () => eval('import(...["fs"])'));
    `,
    naive: false,
    mayFail: true,
  },
  {
    name: 'the body of the code closes its function',
    source: 'CVE-2025-68613',
    code: `
      for (const body of ['}); (function () { return globalThis;', '}, async function () {', '*/ } /*', 'return 1 //']) {
        $.tries(body, () => Function(body)());
      }
    `,
    naive: false,
  },
];
