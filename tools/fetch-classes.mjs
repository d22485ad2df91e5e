/**
 * Makes one module of undici's fetch classes for the isolates. The build script of the crate runs it.
 *
 *     node tools/fetch-classes.mjs FILE
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const SOURCES = fileURLToPath(new URL('../src/isolate/realm/js/fetch/', import.meta.url));

/** What undici's client needs and its classes only mention: nothing of it is ever called. */
const CLIENT = /undici[\\/]lib[\\/](core[\\/](constants|errors)|util[\\/]timers)\.js$/;

/** A search tree of common header names, which takes longer to plant than it saves here. */
const TREE = /undici[\\/]lib[\\/]core[\\/]tree\.js$/;

/** Gives undici the objects of `node.js` where it requires Node's modules. */
const platform = {
  name: 'platform',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'node' }));
    onLoad({ filter: /./, namespace: 'node' }, ({ path }) => ({
      contents: `module.exports = require('./node.js').modules[${JSON.stringify(path)}]`,
      resolveDir: SOURCES,
    }));
    onLoad({ filter: CLIENT }, () => ({ contents: 'module.exports = {}' }));
    onLoad({ filter: TREE }, () => ({ contents: 'exports.tree = { lookup() {} }' }));
  },
};

await build({
  // For esbuild's own helpers: a task may have replaced the global when a realm evaluates the module.
  banner: { js: "import { primordials as builtins } from 'ext:core/mod.js';\nconst { Object } = builtins;" },
  bundle: true,
  entryPoints: [`${SOURCES}classes.js`],
  external: ['ext:*'],
  format: 'esm',
  inject: [`${SOURCES}globals.js`],
  // The isolates' modules are ASCII.
  legalComments: 'none',
  // Names stay, for stacks.
  minifySyntax: true,
  minifyWhitespace: true,
  outfile: process.argv[2],
  plugins: [platform],
  target: 'esnext',
});
