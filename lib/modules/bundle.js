'use strict';

// Bundles a module with esbuild. This is needed for imports that isolates do not resolve: packages by bare
// specifiers, and files without their extension. esbuild is an optional peer dependency.

const path = require('node:path');
const { SourceMap } = require('node:module');
const { pathToFileURL } = require('node:url');
const { IsolaneError } = require('../errors.js');

/**
 * Bundles a module and everything that it imports into one module.
 * @param {{ path: string, text: string }} script
 * @param {string} reason - the import that did not resolve, for the message when esbuild is not installed
 * @param {{ field?: string, external?: string[] }} [options] - name of the option, for messages; specifiers that
 *   are not bundled
 * @returns {Promise<{ path: string, text: string, map: SourceMap }>} plain JavaScript
 * @throws {IsolaneError} ERR_MODULE_LOAD when esbuild is not installed or reports an error
 */
async function bundleScript(script, reason, { field = 'workerScript', external = [] } = {}) {
  const esbuild = await loadEsbuild(script, reason, field);
  try {
    const result = await esbuild.build({
      stdin: {
        contents: script.text,
        sourcefile: script.path,
        resolveDir: path.dirname(script.path),
        loader: loaderOf(script.path),
      },
      bundle: true,
      external,
      write: false,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      conditions: ['worker', 'module', 'import', 'default'],
      target: 'esnext',
      sourcemap: 'external',
      // The paths in the source map are relative to this folder.
      outdir: path.dirname(script.path),
      logLevel: 'silent',
    });
    const [map, code] = ['.map', '.js'].map((end) => result.outputFiles.find((file) => file.path.endsWith(end)).text);
    // The extension .mjs: a bundle is JavaScript, also where the script was TypeScript.
    return { path: `${script.path}.bundle.mjs`, text: code, map: new SourceMap(JSON.parse(map)) };
  } catch (error) {
    throw bundleError(error, script);
  }
}

async function loadEsbuild(script, reason, field) {
  try {
    return await import('esbuild');
  } catch (cause) {
    throw new IsolaneError(
      'ERR_MODULE_LOAD',
      `${field} ${script.path} needs a bundler (${reason}); install it with: npm install esbuild`,
      { cause, file: pathToFileURL(script.path).href },
    );
  }
}

const loaderOf = (file) =>
  ({ '.ts': 'ts', '.mts': 'ts', '.cts': 'ts', '.tsx': 'tsx', '.jsx': 'jsx' })[path.extname(file)] ?? 'js';

function bundleError(error, script) {
  const { text = error.message, location } = error.errors?.[0] ?? {};
  const file = pathToFileURL(location ? path.resolve(location.file) : script.path).href;
  const place = location ? `${file}:${location.line}:${location.column + 1}` : file;
  return new IsolaneError('ERR_MODULE_LOAD', `${text} (${place})`, {
    cause: error,
    file,
    line: location?.line,
    column: location && location.column + 1,
  });
}

module.exports = { bundleScript };
