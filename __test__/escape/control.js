'use strict';

// Two leaking sandboxes of node:vm, which prove that a piece finds an escape where there is one:
//
// * the naive one gives its code objects of the host, as `vm.createContext({ URL, ... })` does;
// * in the stranger, the probe takes the intrinsics of a third realm for its own, so that everything it sees is of another
//   realm. It proves that a piece looks at something at all.

const { Console } = require('node:console');
const { Writable } = require('node:stream');
const vm = require('node:vm');
const { ownIntrinsics } = require('./probe.js');
const { codeOf, HOST, REPORT } = require('./runner.js');

/** Longest run of a piece in a sandbox, in ms. */
const LIMIT_MS = 300;

/** The globals of a code task that Node has as well. */
const GIVEN = [
  ...['AbortController', 'AbortSignal', 'Blob', 'ByteLengthQueuingStrategy', 'CountQueuingStrategy', 'Crypto'],
  ...['CryptoKey', 'CustomEvent', 'DOMException', 'Event', 'EventTarget', 'File', 'MessageChannel', 'MessageEvent'],
  ...['MessagePort', 'ReadableStream', 'SubtleCrypto', 'TextDecoder', 'TextDecoderStream', 'TextEncoder'],
  ...['TextEncoderStream', 'TransformStream', 'URL', 'URLPattern', 'URLSearchParams', 'WritableStream', 'atob', 'btoa'],
  ...['clearImmediate', 'clearInterval', 'clearTimeout', 'crypto', 'performance', 'queueMicrotask', 'setImmediate'],
  ...['setInterval', 'setTimeout', 'structuredClone', 'Headers', 'Request', 'Response', 'FormData', 'fetch'],
];

/** Whether this Node has what a piece uses. */
function canRun({ needs }) {
  try {
    return needs === undefined || Boolean(vm.runInNewContext(needs, given()));
  } catch {
    return false;
  }
}

const given = () => Object.fromEntries(GIVEN.filter((name) => name in globalThis).map((n) => [n, globalThis[n]]));

/** Makes a console of this realm that prints nothing and collects reports. */
function listener(reports) {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const quiet = new Console(nowhere);
  const { log } = quiet;
  quiet.log = (...args) => {
    const [text] = args;
    if (typeof text === 'string' && text.startsWith(REPORT)) reports.push(JSON.parse(text.slice(REPORT.length)));
    else log(...args);
  };
  return quiet;
}

/** Runs a piece in one of the sandboxes. @returns what it found */
async function findings(piece, kind) {
  const reports = [];
  const sandbox = piece.bare ? { setTimeout } : given();
  Object.assign(sandbox, { console: listener(reports), host: HOST, env: { deep: { list: [1] } } });
  if (kind === 'stranger') sandbox.foreignIntrinsics = vm.runInNewContext(`(${ownIntrinsics})()`);
  const context = vm.createContext(sandbox);
  const { inputs = { a: [1] }, config = { b: [2] } } = piece;
  try {
    const run = vm.runInContext(`(async function (inputs, config) {\n${codeOf(piece)}\n})`, context, { timeout: 1000 });
    const running = run.call({}, inputs, config);
    await Promise.race([running, new Promise((resolve) => setTimeout(resolve, LIMIT_MS))]);
  } catch {
    // It reported before it threw.
  }
  return reports.flatMap(({ found }) => found);
}

/** @returns why this piece proves nothing, or undefined */
async function weaknessOf(piece) {
  if (piece.blind || !canRun(piece)) return undefined;
  if ((await findings(piece, 'stranger')).length === 0) return 'it does not find that it is in another realm';
  if (piece.naive !== false && (await findings(piece, 'naive')).length === 0) {
    return 'it finds no way out of a naive sandbox';
  }
  return undefined;
}

module.exports = { canRun, findings, weaknessOf };
