'use strict';

// A module for isolates, the worker script above all: from a path, a file: URL or code to the text that
// they load.

const { readFile } = require('node:fs/promises');
const path = require('node:path');
const { SourceMap } = require('node:module');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { IsolaneError } = require('../errors.js');

/**
 * @param {string | URL | { code: string, filename?: string } | undefined} workerScript - checked
 * @param {string} [field] - the option that it is from, for messages
 * @returns {Promise<{ path: string, text: string } | undefined>}
 * @throws {IsolaneError} ERR_MODULE_LOAD when it cannot be read
 */
async function readScript(workerScript, field = 'workerScript') {
  if (workerScript === undefined) return undefined;
  if (workerScript.code !== undefined) {
    const filename = workerScript.filename ?? 'worker.mjs';
    const file = filename.startsWith('file:') ? fileURLToPath(filename) : path.resolve(filename);
    return { path: file, text: workerScript.code };
  }
  const isUrl = workerScript instanceof URL || workerScript.startsWith('file:');
  const file = isUrl ? fileURLToPath(workerScript) : path.resolve(workerScript);
  try {
    return { path: file, text: await readFile(file, 'utf8') };
  } catch (cause) {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    const url = pathToFileURL(file).href;
    throw new IsolaneError('ERR_MODULE_LOAD', `cannot read ${field} ${file}: ${why}`, { cause, file: url });
  }
}

/**
 * Puts the script and all that it imports into one module. For imports that only a bundler resolves:
 * packages by their bare names, files without their extension.
 * @param {{ path: string, text: string }} script
 * @param {string} reason - what did not resolve, for the message where esbuild is not installed
 * @param {{ field?: string, external?: string[] }} [options] - the option that it is from; imports that stay
 * @returns {Promise<{ path: string, text: string, map: SourceMap }>}
 * @throws {IsolaneError} ERR_MODULE_LOAD
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
      // The paths in the map are relative to this folder.
      outdir: path.dirname(script.path),
      logLevel: 'silent',
    });
    const [map, code] = ['.map', '.js'].map((end) => result.outputFiles.find((file) => file.path.endsWith(end)).text);
    // Bundled text is plain JavaScript, whatever the script was.
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

/** Rewrites places in the bundle to places in the user's files. */
function mapStack(stack, bundle) {
  // In V8's stacks a URL is as it is, or decoded.
  const name = pathToFileURL(bundle.path).href;
  const names = [name, decodeURIComponent(name)].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`(?:${names.join('|')}):(\\d+):(\\d+)`, 'g');
  return stack.replace(pattern, (place, line, column) => {
    const original = originOf(bundle, Number(line), Number(column));
    return original === undefined ? place : `${original.file}:${original.line}:${original.column}`;
  });
}

/** Puts the URL of a script that is not bundled into a stack as it is, where it was decoded. */
function mapUrl(stack, script) {
  const { href } = pathToFileURL(script.path);
  return stack.replaceAll(`${decodeURIComponent(href)}:`, `${href}:`);
}

/** `mapStack` for an error of loading the bundle. */
function mapFault({ message, file, line, column, stack }, bundle) {
  const original = line ? originOf(bundle, line, column) : undefined;
  return {
    message: mapStack(message, bundle),
    stack: stack && mapStack(stack, bundle),
    ...(original ?? { file, line, column }),
  };
}

function originOf(bundle, line, column) {
  const entry = bundle.map.findEntry(line - 1, column - 1);
  if (entry.originalSource === undefined) return undefined;
  const folder = pathToFileURL(`${path.dirname(bundle.path)}${path.sep}`);
  // A source map holds URLs; esbuild writes paths as they are.
  const source = entry.originalSource.split('/').map(encodeURIComponent).join('/');
  return { file: new URL(source, folder).href, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

module.exports = { bundleScript, mapFault, mapStack, mapUrl, readScript };
