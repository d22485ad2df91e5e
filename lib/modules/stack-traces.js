'use strict';

// Rewrites the stack traces of tasks for users: positions in a bundle become positions in the user's files, and
// frames of isolane's own modules are removed.

const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { IsolaneError } = require('../errors.js');

/** Stack frames in modules of isolane and deno_core. */
const INTERNAL_FRAMES = /\n +at [^\n]*\bext:(?:isolane|core)\/[^\n]*/g;

/** The stack traces of one pool's tasks. */
class StackTraces {
  #script;
  #bundle;

  /**
   * @param {{ path: string } | undefined} script - the worker script
   * @param {{ path: string, map: import('node:module').SourceMap } | undefined} bundle - what it was bundled into
   */
  constructor(script, bundle) {
    this.#script = script;
    this.#bundle = bundle;
  }

  /**
   * Rewrites the stack traces of an error, of its causes and of an AggregateError's errors, in place.
   * @param {unknown} error - anything that was thrown; what is not an Error is left as it is
   */
  rewrite(error, seen = new Set()) {
    if (!(error instanceof Error) || seen.has(error)) return;
    seen.add(error);
    if (typeof error.stack === 'string') error.stack = this.#map(error.stack.replace(INTERNAL_FRAMES, ''));
    this.rewrite(error.cause, seen);
    if (Array.isArray(error.errors)) for (const inner of error.errors) this.rewrite(inner, seen);
  }

  #map(stack) {
    if (this.#bundle !== undefined) return mapBundle(stack, this.#bundle);
    return this.#script === undefined ? stack : encodeUrls(stack, this.#script);
  }

  /**
   * Makes the error of a worker that could not load its script.
   * @param {{ workerId: number, message: string, file?: string, line?: number, column?: number, stack?: string }}
   *   record - positions in the bundle, where there is one
   * @returns {IsolaneError} ERR_MODULE_LOAD with the position in the user's file
   */
  loadError({ workerId, ...details }) {
    const bundle = this.#bundle;
    const { message, file, line, column, stack } = bundle === undefined ? details : mapLoadFailure(details, bundle);
    const position = file === undefined || file === null ? '' : [file, line, column].filter(Boolean).join(':');
    const text = position === '' || message.includes(position) ? message : `${message} (${position})`;
    const error = new IsolaneError('ERR_MODULE_LOAD', text, {
      file: file ?? undefined,
      line: line ?? undefined,
      column: column ?? undefined,
      workerId,
    });
    if (stack) error.cause = Object.assign(new Error(message), { stack });
    return error;
  }
}

/** Replaces positions in the bundle by positions in the user's files. */
function mapBundle(stack, bundle) {
  // V8 writes a URL into a stack trace as it is, or percent-decoded.
  const { href } = pathToFileURL(bundle.path);
  const urls = [href, decodeURIComponent(href)].map((url) => url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(`(?:${urls.join('|')}):(\\d+):(\\d+)`, 'g');
  return stack.replace(pattern, (position, line, column) => {
    const original = originalPosition(bundle, Number(line), Number(column));
    return original === undefined ? position : `${original.file}:${original.line}:${original.column}`;
  });
}

/** Percent-encodes the URL of a script that is not bundled, where V8 has decoded it. */
function encodeUrls(stack, script) {
  const { href } = pathToFileURL(script.path);
  return stack.replaceAll(`${decodeURIComponent(href)}:`, `${href}:`);
}

function mapLoadFailure({ message, file, line, column, stack }, bundle) {
  const original = line ? originalPosition(bundle, line, column) : undefined;
  return {
    message: mapBundle(message, bundle),
    stack: stack && mapBundle(stack, bundle),
    ...(original ?? { file, line, column }),
  };
}

/** @returns {{ file: string, line: number, column: number } | undefined} `file` is a URL; the numbers count from 1 */
function originalPosition(bundle, line, column) {
  const entry = bundle.map.findEntry(line - 1, column - 1);
  if (entry.originalSource === undefined) return undefined;
  const folder = pathToFileURL(`${path.dirname(bundle.path)}${path.sep}`);
  // Sources in a source map are URLs, but esbuild does not percent-encode paths.
  const source = entry.originalSource.split('/').map(encodeURIComponent).join('/');
  return { file: new URL(source, folder).href, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

module.exports = { StackTraces };
