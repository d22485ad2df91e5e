// A realm's own side: what tasks find in it, and what Rust calls. Runs once for each realm, before any code
// of a user; the built-ins it holds on to cannot be replaced by a task.

import { core, primordials } from 'ext:core/mod.js';
import {
  isProxy,
  load,
  op_isolane_blank,
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
import { closePortsOf, guard, live } from 'ext:isolane/task-resources.js';
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

// Who runs is in V8's continuation-preserved data: the ticket of a task, or undefined for code of no
// task. V8 carries it across `await` and promise reactions; the timers carry it themselves.
const NO_TASK = -1;
const currentTicket = () => getAsyncContext() ?? NO_TASK;

const report = (error, ticket) => op_isolane_report(error, ticket ?? NO_TASK);
timers.onError(report);

// What ops throw, by the names that they give it. The engine's own errors are none of this realm.
const ERRORS = { __proto__: null, RangeError, ReferenceError, SyntaxError, TypeError, URIError };
const DOM_EXCEPTION = 'DOMException';

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

// Console: one line of text for each call, with the method as its level.

denoConsole.setNoColorFns(
  () => true,
  () => true,
);
const console = createConsole((level, text) => op_isolane_console(level, text, currentTicket()));

// Globals

function define(target, name, enumerable, value) {
  ObjectDefineProperty(target, name, { __proto__: null, value, enumerable, configurable: true, writable: true });
}

function accessor(target, name, holder) {
  const { get } = ObjectGetOwnPropertyDescriptor(holder, name);
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

// As in Node, what few tasks use is evaluated when one first asks for it.

const FILE = 'ext:deno_web/09_file.js';
const MESSAGE_PORT = 'ext:deno_web/13_message_port.js';
const PERFORMANCE = 'ext:deno_web/15_performance.js';
const CRYPTO = 'ext:deno_crypto/00_crypto.js';

/** Defines globals whose values are those of a module, or what `take` makes of its namespace and a name. */
function installLater(enumerable, module, names, take = (namespace, name) => namespace[name]) {
  ArrayPrototypeForEach(names, (name) => {
    const settle = (value) => {
      define(globalThis, name, enumerable, value);
      return value;
    };
    ObjectDefineProperty(globalThis, name, {
      __proto__: null,
      get: () => settle(take(load(module), name)),
      set: settle,
      enumerable,
      configurable: true,
    });
  });
}

installLater(false, 'ext:deno_web/06_streams.js', [
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
installLater(false, FILE, ['Blob', 'File']);
ArrayPrototypeForEach(['createObjectURL', 'revokeObjectURL'], (name) => {
  // A method, as the standard's: no constructor.
  const { method } = {
    method(_) {
      return ReflectApply(load(FILE)[name], url.URL, arguments);
    },
  };
  define(method, 'name', false, name);
  define(url.URL, name, true, method);
});
installLater(false, MESSAGE_PORT, ['MessageChannel', 'MessagePort']);
installLater(false, 'ext:deno_url/01_urlpattern.js', ['URLPattern']);
installLater(false, CRYPTO, ['Crypto', 'CryptoKey', 'SubtleCrypto']);
installLater(true, CRYPTO, ['crypto']);
installLater(false, PERFORMANCE, ['Performance', 'PerformanceEntry', 'PerformanceMark', 'PerformanceMeasure']);
installLater(true, PERFORMANCE, ['performance'], (performance) => {
  performance.setTimeOrigin();
  return performance.performance;
});
installLater(
  false,
  'ext:isolane/fetch-classes.js',
  ['FormData', 'Headers', 'Request', 'Response'],
  (classes, name) => classes.load()[name],
);
// Deno's own has a timer that no task owns.
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
// Deno's are undefined where the standard says null, and null where it says the target.
const { get: detailOf } = ObjectGetOwnPropertyDescriptor(event.CustomEvent.prototype, 'detail');
accessor(event.CustomEvent.prototype, 'detail', {
  get detail() {
    const value = ReflectApply(detailOf, this, []);
    return value === undefined ? null : value;
  },
});
accessor(event.Event.prototype, 'srcElement', {
  get srcElement() {
    return this.target;
  },
});
event.setEventTargetData(globalThis);
event.saveGlobalThisReference({ __proto__: null, reportException: (error) => report(error, getAsyncContext()) });

/** What no snapshot keeps: V8 makes some globals anew in each realm, and time goes on. */
function complete() {
  delete globalThis.SharedArrayBuffer;
  // V8's own is not finished, and its clock counts nanoseconds.
  delete globalThis.Temporal;
  delete Date.prototype.toTemporalInstant;
  delete Atomics.wait;
  delete Atomics.waitAsync;
  ArrayPrototypePush(VIEWS, Float16Array);
  // The modules have matched things, which a task could read in `RegExp.lastMatch`.
  RegExpPrototypeExec(/(?:)/, '');
  ArrayPrototypeForEach(['compile', 'instantiate'], (name) => {
    define(WebAssembly, name, true, guard(WebAssembly[name]));
  });
}

// Tasks

let env = ObjectFreeze({});
let host = ObjectFreeze({ __proto__: null });

/** That of the task that was run last. */
let latestContext;
/** Those of tasks that go on, by their tickets. */
const contexts = new SafeMap();

let abortSignalOf;

/** The second argument of a handler. A class, because V8 makes an object with a getter of its own slowly. */
class TaskContext {
  #controller;
  // Fields, because an assignment would meet a setter of `Object.prototype`.
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

  /** Made when it is asked for: few tasks do. */
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

/** Has the parent carry a request out, until the signal is aborted. */
function send(request, signal) {
  const number = ++lastFetch;
  signal[abortSignal.add](() => PromisePrototypeCatch(callParent('fetch:abort', [number]), () => {}));
  return callParent('fetch', [request, number]);
}

/** A result that has its own `then` is waited for, as `await` would. */
function adopt(result) {
  if (typeof result !== 'object' || result === null || typeof result.then !== 'function') return result;
  return core.isPromise(result) ? result : new Promise((resolve) => resolve(result));
}

// `await` and not `then`, which looks up a constructor that a task may have replaced.
async function watch(ticket, promise) {
  try {
    op_isolane_settled(ticket, true, await promise);
  } catch (error) {
    op_isolane_settled(ticket, false, error);
  }
}

let putCausesBack;

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

// Most values need no table.
let table;
let tableBytes;
let tableRoom = 0;
/** More room than this is not kept. */
const KEPT_TABLE = 1 << 20;

function roomFor(size) {
  if (size > KEPT_TABLE) return new Uint8Array(size);
  if (size > tableRoom) {
    tableRoom = MathMax(size, 1 << 14);
    tableBytes = new ArrayBuffer(tableRoom);
  }
  return new Uint8Array(tableBytes, 0, size);
}

const theTable = () =>
  (table ??= tables.createTable({
    isPlain: (object) => op_isolane_is_ordinary(object) && ObjectGetPrototypeOf(object) === ObjectPrototype,
    isProxy,
    isWide: op_isolane_is_wide,
    makeOutput: roomFor,
    writeLong: op_isolane_write_text,
    readText: op_isolane_read_text,
    blank: op_isolane_blank,
  }));

const AsyncFunction = async function () {}.constructor;

function deepFreeze(value) {
  if (typeof value === 'object' && value !== null && !ObjectIsFrozen(value) && !ArrayBuffer.isView(value)) {
    ObjectFreeze(value);
    ArrayPrototypeForEach(ObjectValues(value), deepFreeze);
  }
  return value;
}

function cloneable(value) {
  try {
    core.serialize(value);
    return true;
  } catch {
    return false;
  }
}

function run(handler, receiver, taskId, type, attempt, workerId, payload) {
  latestContext = new TaskContext(taskId, type, attempt, workerId);
  return adopt(ReflectApply(handler, receiver, [payload, latestContext]));
}

// Rust sets who runs before it calls one of these, and takes this object away before a task can see it.
globalThis.isolane = {
  run,

  /** The same, with a payload that is still to be made of its values. */
  runMade(handler, receiver, taskId, type, attempt, workerId, make, a, b, c, d, e, f, g, h) {
    return run(handler, receiver, taskId, type, attempt, workerId, make(a, b, c, d, e, f, g, h));
  },

  runCode(code, scope) {
    latestContext = undefined;
    return code(scope.inputs, scope.config);
  },

  /** Goes on with the task that was just run: its promise is pending. */
  hold(ticket, promise) {
    if (latestContext !== undefined) MapPrototypeSet(contexts, ticket, latestContext);
    watch(ticket, promise);
  },

  /** Lets go of everything that belongs to a task that is over. */
  release(ticket) {
    timers.clearAllOf(ticket);
    closePortsOf(ticket);
    MapPrototypeDelete(contexts, ticket);
  },

  /** Aborts the signal of a task that is held. */
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
      installLater(true, 'ext:isolane/fetch.js', ['fetch'], ({ createFetch }) => createFetch(send));
    }
  },

  /** Throws where a text is not the body of an async function, or leaves it. Only parses. */
  checkBody(text) {
    new AsyncFunction('inputs', 'config', text);
  },

  /** Makes a view that Node's side has taken apart; `lib/values/serializer.js` counts them in this order. */
  viewOf: (kind, buffer, offset, length) => new VIEWS[kind](buffer, offset, NumberIsNaN(length) ? undefined : length),

  tableInput: roomFor,
  readTable: (bytes) => theTable().decode(bytes),
  writeTable: (value) => theTable().encode(value),

  collectErrors: (value) => clone.collectErrors(value, cloneable),
  replicaOf: (value) => clone.replicaOf(value, cloneable),
  takeCauses(found) {
    putCausesBack = clone.takeCauses(found);
  },
  putCausesBack: () => putCausesBack(),
  restoreErrors: clone.restoreErrors,
  complete,
  buildError,
  pathOfUncloneable: (value, root) => clone.pathOfUncloneable(value, root, cloneable),
  live,
};
