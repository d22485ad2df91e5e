// The entry module of a realm: what tasks get besides the globals, and the functions that Rust calls
// (`realm/functions.rs`). It is evaluated once for each realm, before any code of a user, and uses only built-ins that a
// task cannot replace.

import { core, primordials } from 'ext:core/mod.js';
import {
  isProxy,
  op_isolane_is_ordinary,
  op_isolane_is_wide,
  op_isolane_read_text,
  op_isolane_settled,
  op_isolane_transfer,
  op_isolane_undefined_array,
  op_isolane_write_text,
} from 'ext:core/ops';
import { DOMException } from 'ext:deno_web/01_dom_exception.js';
import * as abortSignal from 'ext:deno_web/03_abort_signal.js';
import clone from 'ext:isolane/clone.js';
import tables from 'ext:isolane/table.js';
import { buildError, completeGlobals, define, installLazily } from 'ext:isolane/globals.js';
import { closePortsOf, resourceState } from 'ext:isolane/task-resources.js';
import { callParent, createHost } from 'ext:isolane/host.js';
import { clearAllOf } from 'ext:isolane/timers.js';

const {
  ArrayBuffer,
  ArrayPrototypeForEach,
  ArrayPrototypePush,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  MathMax,
  NumberIsNaN,
  ObjectFreeze,
  ObjectGetPrototypeOf,
  ObjectIsFrozen,
  ObjectPrototype,
  ObjectValues,
  Promise,
  PromisePrototypeCatch,
  ReflectApply,
  SafeMap,
  TypeError,
  Uint8Array,
} = primordials;

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

/** Completes a realm that may come from a snapshot. */
function complete() {
  completeGlobals();
  ArrayPrototypePush(VIEWS, Float16Array);
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
    clearAllOf(ticket);
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
