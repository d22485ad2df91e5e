// The entry module of a realm: its globals, and the functions that Rust calls (`realm/functions.rs`). It is evaluated
// once for each realm, before any code of a user, and uses only built-ins that a task cannot replace.

import { core, primordials } from 'ext:core/mod.js';
import {
  isProxy,
  load,
  op_isolane_undefined_array,
  op_isolane_console,
  op_isolane_is_ordinary,
  op_isolane_is_wide,
  op_isolane_read_text,
  op_isolane_report,
  op_isolane_settled,
  op_isolane_transfer,
  op_isolane_write_text,
} from 'ext:core/ops';
import { DOMException } from 'ext:deno_web/01_dom_exception.js';
import * as event from 'ext:deno_web/02_event.js';
import * as abortSignal from 'ext:deno_web/03_abort_signal.js';
import * as base64 from 'ext:deno_web/05_base64.js';
import * as encoding from 'ext:deno_web/08_text_encoding.js';
import * as webidl from 'ext:deno_webidl/00_webidl.js';
import * as denoConsole from 'ext:deno_console/01_console.js';
import * as url from 'ext:deno_url/00_url.js';
import clone from 'ext:isolane/clone.js';
import tables from 'ext:isolane/table.js';
import { createConsole } from 'ext:isolane/console.js';
import { closePortsOf, guardOperation, resourceState } from 'ext:isolane/task-resources.js';
import { callParent, createHost } from 'ext:isolane/host.js';
import * as timers from 'ext:isolane/timers.js';

const {
  ArrayBuffer,
  ArrayPrototypeForEach,
  ArrayPrototypePush,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  MathMax,
  MathMin,
  NumberIsNaN,
  ObjectDefineProperty,
  ObjectEntries,
  ObjectFreeze,
  ObjectGetOwnPropertyDescriptor,
  ObjectGetPrototypeOf,
  ObjectIsFrozen,
  ObjectPrototype,
  ObjectValues,
  Promise,
  PromisePrototypeCatch,
  Error,
  RangeError,
  ReferenceError,
  ReflectApply,
  RegExpPrototypeExec,
  SafeMap,
  StringPrototypeSlice,
  StringPrototypeStartsWith,
  SyntaxError,
  TypeError,
  Uint8Array,
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
function buildError(name, message) {
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

// Globals

function define(target, name, enumerable, value) {
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
function installLazily(enumerable, module, names, valueOf = (namespace, name) => namespace[name]) {
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
function complete() {
  delete globalThis.SharedArrayBuffer;
  // V8's implementation is unfinished, and its clock has a resolution of nanoseconds.
  delete globalThis.Temporal;
  delete Date.prototype.toTemporalInstant;
  delete Atomics.wait;
  delete Atomics.waitAsync;
  ArrayPrototypePush(VIEWS, Float16Array);
  // Clears `RegExp.lastMatch`, which holds a match of the bootstrap modules.
  RegExpPrototypeExec(/(?:)/, '');
  ArrayPrototypeForEach(['compile', 'instantiate'], (name) => {
    define(WebAssembly, name, true, guardOperation(WebAssembly[name]));
  });
}

// Tasks

let env = ObjectFreeze({});
let host = ObjectFreeze({ __proto__: null });

/** The context of the task that started last; undefined for a code task. */
let lastContext;
/** The contexts of tasks whose promise is pending, by ticket. */
const contexts = new SafeMap();

let abortSignalOf;

/** The second argument of a handler. A class, because V8 is slow to create an object with a getter of its own. */
class TaskContext {
  #controller;
  // Fields, because an assignment would call a setter of `Object.prototype`.
  taskId;
  type;
  attempt;
  workerId;
  host = host;
  env = env;

  constructor(taskId, type, attempt, workerId) {
    this.taskId = taskId;
    this.type = type;
    this.attempt = attempt;
    this.workerId = workerId;
  }

  /** Created on first access, because few tasks use it. */
  get signal() {
    return this.#open().signal;
  }

  transfer(...buffers) {
    ArrayPrototypeForEach(buffers, (buffer) => {
      if (op_isolane_transfer(buffer)) return;
      throw new TypeError('ctx.transfer takes ArrayBuffers of a fixed length that are not detached');
    });
  }

  #open() {
    return (this.#controller ??= new abortSignal.AbortController());
  }

  static {
    abortSignalOf = (context, reason) => context.#open().abort(reason);
  }
}

let lastFetch = 0;

/** Sends a request to the parent, and an abort message when the signal is aborted. */
function sendFetch(request, signal) {
  const number = ++lastFetch;
  signal[abortSignal.add](() => PromisePrototypeCatch(callParent('fetch:abort', [number]), () => {}));
  return callParent('fetch', [request, number]);
}

/** Returns a promise for a result that is thenable, as `await` would, and any other result as it is. */
function toPromise(result) {
  if (typeof result !== 'object' || result === null || typeof result.then !== 'function') return result;
  return core.isPromise(result) ? result : new Promise((resolve) => resolve(result));
}

// `await` instead of `then()`: the latter looks up a constructor that a task may have replaced.
async function reportSettled(ticket, promise) {
  try {
    op_isolane_settled(ticket, true, await promise);
  } catch (error) {
    op_isolane_settled(ticket, false, error);
  }
}

let restoreCauses;

const VIEWS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
];

// The codec of tables and its output buffer, created on first use: most values need no table.
let table;
let tableBytes;
let tableCapacity = 0;
/** A larger output buffer, in bytes, is not kept for the next value. */
const MAX_KEPT_TABLE = 1 << 20;

/** Returns an array of `size` bytes; up to `MAX_KEPT_TABLE` they share one buffer. */
function outputOf(size) {
  if (size > MAX_KEPT_TABLE) return new Uint8Array(size);
  if (size > tableCapacity) {
    tableCapacity = MathMax(size, 1 << 14);
    tableBytes = new ArrayBuffer(tableCapacity);
  }
  return new Uint8Array(tableBytes, 0, size);
}

const tableCodec = () =>
  (table ??= tables.createTable({
    isPlain: (object) => op_isolane_is_ordinary(object) && ObjectGetPrototypeOf(object) === ObjectPrototype,
    isProxy,
    isWide: op_isolane_is_wide,
    makeOutput: outputOf,
    writeLong: op_isolane_write_text,
    readText: op_isolane_read_text,
    blank: op_isolane_undefined_array,
  }));

const AsyncFunction = async function () {}.constructor;

function deepFreeze(value) {
  if (typeof value === 'object' && value !== null && !ObjectIsFrozen(value) && !ArrayBuffer.isView(value)) {
    ObjectFreeze(value);
    ArrayPrototypeForEach(ObjectValues(value), deepFreeze);
  }
  return value;
}

function isCloneable(value) {
  try {
    core.serialize(value);
    return true;
  } catch {
    return false;
  }
}

function run(handler, receiver, taskId, type, attempt, workerId, payload) {
  lastContext = new TaskContext(taskId, type, attempt, workerId);
  return toPromise(ReflectApply(handler, receiver, [payload, lastContext]));
}

// Rust sets the current task before it calls one of these functions, and deletes this object before code of a user
// runs.
globalThis.isolane = {
  run,

  /** Does the same with a payload that `factory` creates from its values (`values/shapes.rs`). */
  runWithFactory(handler, receiver, taskId, type, attempt, workerId, factory, a, b, c, d, e, f, g, h) {
    return run(handler, receiver, taskId, type, attempt, workerId, factory(a, b, c, d, e, f, g, h));
  },

  runCode(code, scope) {
    lastContext = undefined;
    return code(scope.inputs, scope.config);
  },

  /** Keeps the context of the task that was just started, and reports when its promise settles. */
  awaitResult(ticket, promise) {
    if (lastContext !== undefined) MapPrototypeSet(contexts, ticket, lastContext);
    reportSettled(ticket, promise);
  },

  /** Releases what a task that is over owns: timers, ports and its context. */
  release(ticket) {
    timers.clearAllOf(ticket);
    closePortsOf(ticket);
    MapPrototypeDelete(contexts, ticket);
  },

  /** Aborts the signal of a task whose promise is pending. */
  abort(ticket, message, name) {
    const context = MapPrototypeGet(contexts, ticket);
    if (context !== undefined) abortSignalOf(context, new DOMException(message, name));
  },

  setEnv(value) {
    env = deepFreeze(value);
    define(globalThis, 'env', false, env);
  },

  setHost(value) {
    host = createHost(value);
    define(globalThis, 'host', false, host);
    if (value?.fetch) {
      installLazily(true, 'ext:isolane/fetch.js', ['fetch'], ({ createFetch }) => createFetch(sendFetch));
    }
  },

  /** Throws a SyntaxError where a text is not the body of one async function. Only parses the text. */
  checkBody(text) {
    new AsyncFunction('inputs', 'config', text);
  },

  /**
   * Creates a view. `kind` is its index in `VIEWS`, the order of `lib/values/serializer.js`; a `length` of NaN tracks
   * the buffer's.
   */
  viewOf: (kind, buffer, offset, length) => new VIEWS[kind](buffer, offset, NumberIsNaN(length) ? undefined : length),

  tableInput: outputOf,
  readTable: (bytes) => tableCodec().decode(bytes),
  writeTable: (value) => tableCodec().encode(value),

  collectErrors: (value) => clone.collectErrors(value, isCloneable),
  replicaOf: (value) => clone.replicaOf(value, isCloneable),
  detachCauses(found) {
    restoreCauses = clone.takeCauses(found);
  },
  restoreCauses: () => restoreCauses(),
  restoreErrors: clone.restoreErrors,
  complete,
  buildError,
  pathOfUncloneable: (value, root) => clone.pathOfUncloneable(value, root, isCloneable),
  resourceState,
};
