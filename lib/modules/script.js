'use strict';

// Reads a module for isolates, such as the worker script, from a path, a file: URL or source text.

const { readFile } = require('node:fs/promises');
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { IsolaneError } = require('../errors.js');

/**
 * Reads a module.
 * @param {string | URL | { code: string, filename?: string } | undefined} source - checked by `check.script`
 * @param {string} [field] - name of the option, for messages
 * @returns {Promise<{ path: string, text: string } | undefined>} undefined where there is no source
 * @throws {IsolaneError} ERR_MODULE_LOAD when the file cannot be read
 */
async function readScript(source, field = 'workerScript') {
  if (source === undefined) return undefined;
  if (source.code !== undefined) {
    const filename = source.filename ?? 'worker.mjs';
    const file = filename.startsWith('file:') ? fileURLToPath(filename) : path.resolve(filename);
    return { path: file, text: source.code };
  }
  const isUrl = source instanceof URL || source.startsWith('file:');
  const file = isUrl ? fileURLToPath(source) : path.resolve(source);
  try {
    return { path: file, text: await readFile(file, 'utf8') };
  } catch (cause) {
    const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
    const url = pathToFileURL(file).href;
    throw new IsolaneError('ERR_MODULE_LOAD', `cannot read ${field} ${file}: ${why}`, { cause, file: url });
  }
}

module.exports = { readScript };
