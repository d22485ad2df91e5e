'use strict';

// WebAssembly: what modules import, export and throw. The modules are written out byte by byte.

/** (import "m" "f" (func)) (export "f" (func 0)) (func (export "g") call 0) */
const CALLER = `new Uint8Array([0,97,115,109,1,0,0,0, 1,4,1,96,0,0, 2,7,1,1,109,1,102,0,0, 3,2,1,0, 7,9,2,1,102,0,0,1,103,0,1, 10,6,1,4,0,16,0,11])`;
/** (func (export "t") unreachable) */
const TRAP = `new Uint8Array([0,97,115,109,1,0,0,0, 1,4,1,96,0,0, 3,2,1,0, 7,5,1,1,116,0,0, 10,5,1,3,0,0,11])`;
/** (func $f (export "r") call $f) */
const RECURSION = `new Uint8Array([0,97,115,109,1,0,0,0, 1,4,1,96,0,0, 3,2,1,0, 7,5,1,1,114,0,0, 10,6,1,4,0,16,0,11])`;
/** (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") i32 (i32.const 1)) */
const PARTS = `new Uint8Array([0,97,115,109,1,0,0,0, 4,4,1,112,0,1, 5,3,1,0,1, 6,6,1,127,0,65,1,11, 7,13,3,1,109,2,0,1,116,1,0,1,103,3,0])`;
/** try_table that catches any JavaScript exception by its tag and returns it. */
const CATCHER = `new Uint8Array([0,97,115,109,1,0,0,0, 1,12,3,96,0,0,96,0,1,111,96,1,111,0, 2,14,2,1,109,1,102,0,0,1,109,1,116,4,0,2, 3,2,1,1, 7,5,1,1,99,0,1, 10,18,1,16,0,2,111,31,64,1,0,0,0,16,0,0,11,0,11,11])`;

const piece = (name, code, more) => ({ name, code, naive: false, ...more });

module.exports = [
  piece(
    'an imported function',
    `
      const f = function () { $.here('import', this, arguments); };
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(${CALLER}), { m: { f } });
      $.see('exports', exports); exports.f(); exports.g();
      $.tries('call of an export on strangers', () => exports.g.call($.hook('this'), $.hook('argument')));
    `,
  ),
  piece(
    'imports that look at who reads them',
    `
      const module = new WebAssembly.Module(${CALLER});
      for (const imports of [$.spy('imports', { m: { f() {} } }), { m: $.spy('module', { f() {} }) }, { get m() { $.here('getter', this, arguments); return { f: 1 }; } }, {}, 1, undefined]) {
        $.tries('instance', () => new WebAssembly.Instance(module, imports));
        await $.triesAsync('instantiate', () => WebAssembly.instantiate(module, imports));
      }
    `,
  ),
  piece(
    'natives of the platform as imports',
    `
      const module = new WebAssembly.Module(${CALLER});
      for (const f of [atob, structuredClone, queueMicrotask, URL, console.log, setTimeout, Function, eval, crypto.randomUUID]) {
        const instance = $.tries('instance', () => new WebAssembly.Instance(module, { m: { f } }));
        $.see('export', instance?.exports.f);
        $.tries('call', () => instance?.exports.g());
      }
    `,
    { naive: true },
  ),
  piece(
    'a trap',
    `const { exports } = new WebAssembly.Instance(new WebAssembly.Module(${TRAP})); $.throws('trap', () => exports.t());`,
  ),
  piece(
    'a full stack',
    `
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(${RECURSION}));
      $.throws('recursion', () => exports.r());
      $.deepest('export', () => exports.r());
    `,
  ),
  piece(
    'an export where the stack is full',
    `
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(${CALLER}), { m: { f: () => new URL('http://a') } });
      $.deepest('export', () => exports.g());
    `,
  ),
  piece(
    'memory, tables and globals',
    `
      const { exports } = new WebAssembly.Instance(new WebAssembly.Module(${PARTS}));
      $.see('exports', exports); $.see('buffer', exports.m.buffer);
      exports.m.grow(1); $.see('grown', exports.m.buffer);
      $.throws('grown without end', () => exports.m.grow(70000));
      exports.t.set(0, null); $.see('entry', exports.t.get(0));
      $.throws('table', () => exports.t.set(0, () => {}));
      $.throws('beyond', () => exports.t.get(9));
      $.throws('global', () => { exports.g.value = 1; });
      $.see('imports', WebAssembly.Module.imports(new WebAssembly.Module(${CALLER})));
      $.see('sections', WebAssembly.Module.customSections(new WebAssembly.Module(${CALLER}), 'name'));
    `,
  ),
  piece(
    'an exception caught by its tag',
    `
      const error = new Error('e');
      error.name = Symbol();
      const imports = (f) => ({ m: { f, t: WebAssembly.JSTag } });
      const module = new WebAssembly.Module(${CATCHER});
      for (const f of [() => { \`\${error}\`; }, () => { null.x; }, () => new URL('x'), () => atob('*'), () => structuredClone(() => {})]) {
        const caught = new WebAssembly.Instance(module, imports(f)).exports.c();
        $.see('caught', caught);
        if (typeof caught !== 'object') $.missing('a caught error');
      }
    `,
    { source: 'vm2, ATTACKS.md category 17', needs: 'WebAssembly.JSTag' },
  ),
  piece(
    'promises of suspended exports',
    `
      const module = new WebAssembly.Module(${CALLER});
      for (const f of [async () => null.x, () => crypto.subtle.digest('nope', new Uint8Array(1)), () => import('fs'), async () => ({})]) {
        const suspending = new WebAssembly.Suspending(f);
        const run = WebAssembly.promising(new WebAssembly.Instance(module, { m: { f: suspending } }).exports.g);
        $.see('suspending', suspending); $.see('run', run);
        const promise = run();
        $.see('promise', promise);
        promise.constructor = { [Symbol.species]: function (executor) { $.here('species', this, arguments); executor(() => {}, (e) => $.see('e', e)); } };
        $.tries('finally', () => promise.finally(function () { $.here('finally', this, arguments); }));
        await $.triesAsync('promise', () => promise);
      }
    `,
    { source: 'CVE-2026-47210', needs: 'WebAssembly.Suspending', mayFail: true },
  ),
  piece(
    'streaming that does not exist here, or is of the realm',
    `
      for (const name of ['compileStreaming', 'instantiateStreaming']) {
        await $.triesAsync(name, () => WebAssembly[name]?.($.hook('source')) ?? Promise.reject({}));
      }
    `,
    { source: 'GHSA-47x8-96vw-5wg6', mayFail: true },
  ),
];
