// The parts of Node's modules that undici's fetch classes use: each value is what `require` returns. Undici also refers
// to streams, sockets and timers of Node, but these classes never use them.

import { core, primordials } from 'ext:core/mod.js';
import * as denoConsole from 'ext:deno_console/01_console.js';
import { crypto as webCrypto } from 'ext:deno_crypto/00_crypto.js';
import { ReadableStreamPrototype, _state, isReadableStreamDisturbed } from 'ext:deno_web/06_streams.js';
import { performance } from 'ext:deno_web/15_performance.js';

const {
  ArrayBufferIsView,
  Error,
  ObjectDefineProperty,
  ObjectPrototypeIsPrototypeOf,
  SymbolFor,
  TypedArrayPrototypeGetSymbolToStringTag,
  Uint32Array,
  uncurryThis,
} = primordials;
const getRandomValues = uncurryThis(webCrypto.getRandomValues);

function assert(value, message = 'The expression evaluated to a falsy value') {
  if (!value) throw new Error(message);
}

const isUint8Array = (value) => TypedArrayPrototypeGetSymbolToStringTag(value) === 'Uint8Array';

const types = {
  __proto__: null,
  isAnyArrayBuffer: core.isAnyArrayBuffer,
  isArrayBuffer: core.isArrayBuffer,
  isArrayBufferView: ArrayBufferIsView,
  isDataView: core.isDataView,
  isProxy: core.isProxy,
  isSharedArrayBuffer: core.isSharedArrayBuffer,
  isTypedArray: core.isTypedArray,
  isUint8Array,
};

const QUOTES = ["'", '"', '`'];
const inspect = (value, options) => denoConsole.inspect(value, { __proto__: null, quotes: QUOTES, ...options });
const formatWithOptions = (options, value) => inspect(value, options);
ObjectDefineProperty(inspect, 'custom', { __proto__: null, value: SymbolFor('nodejs.util.inspect.custom') });

/** Returns a random integer from 0 to below `max`, which must be far less than 2^53. */
function randomInt(max) {
  const words = new Uint32Array(2);
  getRandomValues(webCrypto, words);
  return (words[0] * 2 ** 21 + (words[1] >>> 11)) % max;
}

/** Makes an object uncloneable: structured clone refuses it and names it. */
function markAsUncloneable(object) {
  ObjectDefineProperty(object, core.hostObjectBrand, { __proto__: null, value: core.hostObjectBrand });
}

/** Whether a body, which may be an async iterable, was read or cancelled. */
function isDisturbed(body) {
  return ObjectPrototypeIsPrototypeOf(ReadableStreamPrototype, body) && isReadableStreamDisturbed(body);
}

const isErrored = (stream) => stream?.[_state] === 'errored';

class Unused {}

export const modules = {
  __proto__: null,
  'node:assert': assert,
  'node:crypto': { randomInt },
  'node:events': { EventEmitter: Unused },
  'node:http': { IncomingMessage: Unused },
  'node:net': {},
  'node:perf_hooks': { performance },
  'node:querystring': {},
  'node:stream': { Transform: Unused, isDisturbed, isErrored },
  'node:util': { formatWithOptions, inspect, types },
  'node:util/types': types,
  'node:worker_threads': { markAsUncloneable },
  'node:zlib': {},
};
