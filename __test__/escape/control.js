'use strict';

// Two sandboxes of node:vm that let everything out, in which a piece shows that it would notice:
//
// * the naive one gives its code the host's own objects, as `vm.createContext({ URL, ... })` does;
// * in the stranger, the probe takes the built-ins of a third realm for its own, so that all it sees is of
//   another realm. It shows that a piece looks at something at all.

const { Console } = require('node:console');
const { Writable } = require('node:stream');
const vm = require('node:vm');
const { ownIntrinsics } = require('./probe.js');
const { codeOf, HOST, REPORT } = require('./runner.js');

const PATIENCE = 300;

/** What Node gives its own code of what a task of isolane finds. */
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

/** A console of this realm that prints nothing and keeps the reports that it is told. */
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

/** What a piece finds in one of the sandboxes. */
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
    await Promise.race([running, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  } catch {
    // It has told what it found before it threw.
  }
  return reports.flatMap(({ found }) => found);
}

/** Why this piece would prove nothing, if so. */
async function weaknessOf(piece) {
  if (piece.blind || !canRun(piece)) return undefined;
  if ((await findings(piece, 'stranger')).length === 0) return 'it does not find that it is in another realm';
  if (piece.naive !== false && (await findings(piece, 'naive')).length === 0) {
    return 'it finds no way out of a naive sandbox';
  }
  return undefined;
}

module.exports = { canRun, findings, weaknessOf };
