'use strict';

// Loads modules of src/isolate/realm/js into this process, for unit tests. Their imports of the isolate are replaced by
// stubs made of Node's built-ins.

const { join } = require('node:path');
const { build } = require('esbuild');

const ROOT = join(__dirname, '..', '..');

/** Deno's names for the built-ins: `ArrayPrototypePush` is `Array.prototype.push` with `this` in front. */
const PRIMORDIALS = `
  const uncurryThis = (method) => Function.prototype.call.bind(method);
  const lower = (name) => name[0].toLowerCase() + name.slice(1);
  const homes = { __proto__: null, TypedArray: Object.getPrototypeOf(Uint8Array) };
  export const primordials = new Proxy({}, {
    get(_, name) {
      if (name === 'uncurryThis') return uncurryThis;
      if (name.startsWith('Symbol') && name !== 'Symbol') return Symbol[lower(name.slice(6))];
      const [, home, getter, rest] = /^([A-Z][A-Za-z]*?)Prototype(Get)?(\\w+)$/.exec(name) ?? [];
      if (home === undefined) return globalThis[name];
      const { prototype } = homes[home] ?? globalThis[home];
      const key = rest.startsWith('Symbol') ? Symbol[lower(rest.slice(6))] : lower(rest);
      return uncurryThis(getter ? Object.getOwnPropertyDescriptor(prototype, key).get : prototype[key]);
    },
  });
  export const core = {};`;

const STUBS = {
  'ext:core/mod.js': PRIMORDIALS,
  'ext:deno_url/00_url.js': 'export const { URL } = globalThis',
  'ext:deno_web/03_abort_signal.js': `
    export const add = Symbol('add');
    export const remove = Symbol('remove');
    AbortSignal.prototype[add] = function (listener) { this.addEventListener('abort', listener, { once: true }) };
    AbortSignal.prototype[remove] = function (listener) { this.removeEventListener('abort', listener) };`,
  'ext:deno_web/06_streams.js': 'export const { ReadableStream, ReadableStreamDefaultReader } = globalThis',
  'ext:deno_webidl/00_webidl.js': `
    export function requiredArguments(length, required, prefix) {
      if (length < required) throw new TypeError(prefix);
    }`,
  'ext:isolane/fetch-classes.js': `
    export const load = () => classes;
    const classes = {
      ...require('undici/lib/web/fetch/formdata.js'),
      ...require('undici/lib/web/fetch/headers.js'),
      ...require('undici/lib/web/fetch/response.js'),
      ...require('undici/lib/web/fetch/request.js'),
      dataUrls: require('undici/lib/web/fetch/data-url.js'),
    };`,
};

const stubs = {
  name: 'stubs',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^ext:/ }, ({ path }) => ({ path, namespace: 'ext' }));
    onLoad({ filter: /./, namespace: 'ext' }, ({ path }) => ({ contents: STUBS[path], resolveDir: ROOT }));
  },
};

/** Loads a module. @returns its exports */
async function realmModule(file) {
  const { outputFiles } = await build({
    bundle: true,
    entryPoints: [join(ROOT, 'src', 'isolate', 'realm', 'js', file)],
    format: 'cjs',
    logLevel: 'error',
    platform: 'node',
    plugins: [stubs],
    write: false,
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', outputFiles[0].text)(module, module.exports, require);
  return module.exports;
}

module.exports = { realmModule };
