// The globals of a realm, and the errors that it creates for ops. Globals that few tasks use are defined with getters.
// Evaluated once for each realm, before any code of a user; uses only built-ins that a task cannot replace.

import { core, primordials } from 'ext:core/mod.js';
import { load, op_isolane_console, op_isolane_report } from 'ext:core/ops';
import { DOMException } from 'ext:deno_web/01_dom_exception.js';
import * as event from 'ext:deno_web/02_event.js';
import * as abortSignal from 'ext:deno_web/03_abort_signal.js';
import * as base64 from 'ext:deno_web/05_base64.js';
import * as encoding from 'ext:deno_web/08_text_encoding.js';
import * as webidl from 'ext:deno_webidl/00_webidl.js';
import * as denoConsole from 'ext:deno_console/01_console.js';
import * as url from 'ext:deno_url/00_url.js';
import { createConsole } from 'ext:isolane/console.js';
import { guardOperation } from 'ext:isolane/task-resources.js';
import * as timers from 'ext:isolane/timers.js';

const {
  ArrayPrototypeForEach,
  Error,
  MathMin,
  ObjectDefineProperty,
  ObjectEntries,
  ObjectGetOwnPropertyDescriptor,
  RangeError,
  ReferenceError,
  ReflectApply,
  RegExpPrototypeExec,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
  SyntaxError,
  TypeError,
  URIError,
} = primordials;
const { getAsyncContext } = core;

// The current task is in V8's continuation-preserved embedder data: its ticket, or undefined for code of no task. V8
// carries the data over `await` and promise reactions; `timers.js` carries it over timers.
const NO_TASK = -1;
const currentTicket = () => getAsyncContext() ?? NO_TASK;

const report = (error, ticket) => op_isolane_report(error, ticket ?? NO_TASK);
timers.onError(report);

// The classes of the errors that ops throw, by name. The errors themselves belong to the engine's context and must not
// reach a realm.
const ERRORS = { __proto__: null, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const DOM_EXCEPTION = 'DOMException';

/** Creates the error of this realm for an error of an op. */
export function buildError(name, message) {
  if (StringPrototypeStartsWith(name, DOM_EXCEPTION)) {
    return new DOMException(message, StringPrototypeSlice(name, DOM_EXCEPTION.length));
  }
  const Class = ERRORS[name];
  if (Class !== undefined) return new Class(message);
  const error = new (name === 'Interrupted' ? core.Interrupted : Error)(message);
  if (name !== 'Error') define(error, 'name', false, name);
  return error;
}

// The console: one line of text for each call, with the method as its level.

denoConsole.setNoColorFns(
  () => true,
  () => true,
);
const console = createConsole((level, text) => op_isolane_console(level, text, currentTicket()));

export function define(target, name, enumerable, value) {
  ObjectDefineProperty(target, name, { __proto__: null, value, enumerable, configurable: true, writable: true });
}

function defineGetter(target, name, source) {
  const { get } = ObjectGetOwnPropertyDescriptor(source, name);
  ObjectDefineProperty(target, name, { __proto__: null, get, set: undefined, enumerable: true, configurable: true });
}

function install(enumerable, values) {
  ArrayPrototypeForEach(ObjectEntries(values), (entry) => define(globalThis, entry[0], enumerable, entry[1]));
}

install(false, {
  AbortController: abortSignal.AbortController,
  AbortSignal: abortSignal.AbortSignal,
  CustomEvent: event.CustomEvent,
  DOMException,
  Event: event.Event,
  EventTarget: event.EventTarget,
  MessageEvent: event.MessageEvent,
  TextDecoder: encoding.TextDecoder,
  TextDecoderStream: encoding.TextDecoderStream,
  TextEncoder: encoding.TextEncoder,
  TextEncoderStream: encoding.TextEncoderStream,
  URL: url.URL,
  URLSearchParams: url.URLSearchParams,
  console,
});
install(true, {
  ...timers.globals,
  atob: base64.atob,
  btoa: base64.btoa,
  structuredClone(value, options) {
    return ReflectApply(load(MESSAGE_PORT).structuredClone, undefined, arguments);
  },
});

// As in Node, modules that few tasks use are evaluated on the first access to one of their globals.

const FILE = 'ext:deno_web/09_file.js';
const MESSAGE_PORT = 'ext:deno_web/13_message_port.js';
const PERFORMANCE = 'ext:deno_web/15_performance.js';
const CRYPTO = 'ext:deno_crypto/00_crypto.js';

/**
 * Defines globals whose values are read from a module on first access. `valueOf` takes the namespace of the module and
 * the name of the global; by default it returns the export of that name.
 */
export function installLazily(enumerable, module, names, valueOf = (namespace, name) => namespace[name]) {
  ArrayPrototypeForEach(names, (name) => {
    const defineValue = (value) => {
      define(globalThis, name, enumerable, value);
      return value;
    };
    ObjectDefineProperty(globalThis, name, {
      __proto__: null,
      get: () => defineValue(valueOf(load(module), name)),
      set: defineValue,
      enumerable,
      configurable: true,
    });
  });
}

installLazily(false, 'ext:deno_web/06_streams.js', [
  'ByteLengthQueuingStrategy',
  'CountQueuingStrategy',
  'ReadableByteStreamController',
  'ReadableStream',
  'ReadableStreamBYOBReader',
  'ReadableStreamBYOBRequest',
  'ReadableStreamDefaultController',
  'ReadableStreamDefaultReader',
  'TransformStream',
  'TransformStreamDefaultController',
  'WritableStream',
  'WritableStreamDefaultController',
  'WritableStreamDefaultWriter',
]);
installLazily(false, FILE, ['Blob', 'File']);
ArrayPrototypeForEach(['createObjectURL', 'revokeObjectURL'], (name) => {
  // A concise method: like the standard's, it is no constructor.
  const { method } = {
    method(_) {
      return ReflectApply(load(FILE)[name], url.URL, arguments);
    },
  };
  define(method, 'name', false, name);
  define(url.URL, name, true, method);
});
installLazily(false, MESSAGE_PORT, ['MessageChannel', 'MessagePort']);
installLazily(false, 'ext:deno_url/01_urlpattern.js', ['URLPattern']);
installLazily(false, CRYPTO, ['Crypto', 'CryptoKey', 'SubtleCrypto']);
installLazily(true, CRYPTO, ['crypto']);
installLazily(false, PERFORMANCE, ['Performance', 'PerformanceEntry', 'PerformanceMark', 'PerformanceMeasure']);
installLazily(true, PERFORMANCE, ['performance'], (performance) => {
  performance.setTimeOrigin();
  return performance.performance;
});
installLazily(
  false,
  'ext:isolane/fetch-classes.js',
  ['FormData', 'Headers', 'Request', 'Response'],
  (classes, name) => classes.load()[name],
);
// Replaces Deno's, whose timer belongs to no task.
define(abortSignal.AbortSignal, 'timeout', true, function timeout(millis) {
  const prefix = "Failed to execute 'AbortSignal.timeout'";
  webidl.requiredArguments(arguments.length, 1, prefix);
  const options = { __proto__: null, enforceRange: true };
  const ms = webidl.converters['unsigned long long'](millis, prefix, 'Argument 1', options);
  const controller = new abortSignal.AbortController();
  const abort = () => controller.abort(new DOMException('Signal timed out.', 'TimeoutError'));
  timers.globals.setTimeout(abort, MathMin(ms, timers.MAX_DELAY));
  return controller.signal;
});
// In Deno `detail` is undefined where the standard says null, and `srcElement` is null where the standard says the
// target.
const { get: detailOf } = ObjectGetOwnPropertyDescriptor(event.CustomEvent.prototype, 'detail');
defineGetter(event.CustomEvent.prototype, 'detail', {
  get detail() {
    const value = ReflectApply(detailOf, this, []);
    return value === undefined ? null : value;
  },
});
defineGetter(event.Event.prototype, 'srcElement', {
  get srcElement() {
    return this.target;
  },
});
event.setEventTargetData(globalThis);
event.saveGlobalThisReference({ __proto__: null, reportException: (error) => report(error, getAsyncContext()) });

/** Completes a realm that may come from a snapshot: V8 creates some globals anew in each realm. */
export function completeGlobals() {
  delete globalThis.SharedArrayBuffer;
  // V8's implementation is unfinished, and its clock has a resolution of nanoseconds.
  delete globalThis.Temporal;
  delete Date.prototype.toTemporalInstant;
  delete Atomics.wait;
  delete Atomics.waitAsync;
  // Clears `RegExp.lastMatch`, which holds a match of the bootstrap modules.
  RegExpPrototypeExec(/(?:)/, '');
  ArrayPrototypeForEach(['compile', 'instantiate'], (name) => {
    define(WebAssembly, name, true, guardOperation(WebAssembly[name]));
  });
}
