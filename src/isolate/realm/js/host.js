// Calls of a task to the parent, and streams in either direction. A realm knows host functions by name only;
// `lib/host/calls.js` in the parent finds and calls them.
//
// Everything is built on one operation: a message goes to a target, and a reply comes back. The task requests each item
// of a stream of the parent. For a stream of its own, the task asks whether an item is wanted, and sends it with its
// next request. So each stream has at most one item in transit, whichever side is slower.

import { primordials } from 'ext:core/mod.js';
import { op_isolane_call, op_isolane_decode, op_isolane_encode } from 'ext:core/ops';
import clone from 'ext:isolane/clone.js';

const {
  ArrayIsArray,
  ArrayPrototypePush,
  AsyncGeneratorPrototypeNext,
  Error,
  EvalError,
  ObjectDefineProperty,
  ObjectFreeze,
  ObjectGetPrototypeOf,
  ObjectKeys,
  ObjectPrototype,
  Promise,
  PromiseReject,
  RangeError,
  ReferenceError,
  SymbolAsyncIterator,
  SyntaxError,
  TypeError,
  TypedArrayPrototypeGetLength,
  URIError,
} = primordials;

// The first element of a reply.
const VALUE = 0;
const ERROR = 1;

/** The errors for calls that Rust refused, by the byte that it returns instead of a reply (`host/op.rs`). */
const REFUSALS = [
  () => errorOf('Error', `too many host calls in flight (limit ${limits.maxCalls})`, 'ERR_HOST_BUSY'),
  () =>
    errorOf(
      'Error',
      `the arguments of host calls in flight take too much memory (limit ${limits.memoryLimitMB} MB)`,
      'ERR_HOST_BUSY',
    ),
  () => errorOf('Error', 'host functions can be called by a task alone', 'ERR_HOST_CLOSED'),
];
let limits = { __proto__: null, maxCalls: 0, memoryLimitMB: 0 };

// The airlock replaces the first argument by the ticket of the current task.
const callOp = (target, bytes) => op_isolane_call(undefined, target, bytes);

/** The classes whose errors are created from a message alone. */
const ERRORS = {
  __proto__: null,
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};

function errorOf(name, message, code) {
  const error = new (ERRORS[name] ?? Error)(message);
  if (ERRORS[name] === undefined) define(error, 'name', name, false);
  if (code !== undefined) define(error, 'code', code, true);
  return error;
}

function define(target, key, value, enumerable) {
  ObjectDefineProperty(target, key, { __proto__: null, value, enumerable, writable: true, configurable: true });
}

const isObject = (value) => typeof value === 'object' && value !== null;
const isAsyncIterable = (value) => isObject(value) && typeof value[SymbolAsyncIterator] === 'function';

function isPlain(value) {
  if (!isObject(value) || ArrayIsArray(value)) return false;
  const prototype = ObjectGetPrototypeOf(value);
  return prototype === ObjectPrototype || prototype === null;
}

function isCloneable(value) {
  try {
    op_isolane_encode(value);
    return true;
  } catch {
    return false;
  }
}

/** Returns the error for a value that cannot be cloned. It names the path to the part at fault. */
function uncloneable(value, root, cause) {
  const path = clone.pathOfUncloneable(value, root, isCloneable);
  const why = isObject(cause) && typeof cause.message === 'string' ? cause.message : clone.textOf(cause);
  return errorOf('DataCloneError', `${path} cannot be cloned: ${why}`, 'ERR_DATA_CLONE');
}

/** Waits for a reply and decodes it. */
async function answerOf(pendingReply) {
  const bytes = await pendingReply;
  const length = TypedArrayPrototypeGetLength(bytes);
  // The task is over: none of its code must run again.
  if (length === 0) await new Promise(() => {});
  if (length === 1) throw REFUSALS[bytes[0]]();
  const answer = op_isolane_decode(bytes);
  if (!isObject(answer)) throw errorOf('Error', 'the answer cannot be read', 'ERR_DATA_CLONE');
  if (answer[0] === VALUE) return answer;
  throw answer[0] === ERROR ? errorOf(answer[1], answer[2], answer[3]) : answer[1];
}

// Not an async function, which would keep the bytes alive until the reply is there.
const send = (target, message) => callOp(target, op_isolane_encode(message));

async function request(target, message) {
  const answer = await answerOf(send(target, message));
  return answer[1];
}

/**
 * Calls the parent. Async iterables become streams: those among the arguments, in the first level of plain objects
 * among the arguments, and in the result.
 * @param {string} target - the name by which the parent knows it, such as `host:db.query`
 * @param {unknown[]} args - an array that the caller does not use again
 * @returns {Promise<unknown>}
 */
export function callParent(target, args) {
  try {
    const streams = extractStreams(args);
    const pendingReply = sendCall(target, args, streams?.positions ?? null);
    for (let i = 0; i < (streams?.sources.length ?? 0); i++) sendItems(streams.positions[i][2], streams.sources[i]);
    return resultOf(pendingReply);
  } catch (error) {
    return PromiseReject(error);
  }
}

function sendCall(target, args, positions) {
  try {
    return send(target, [args, positions]);
  } catch (cause) {
    throw uncloneable(args, 'arguments', cause);
  }
}

/** Waits for the result of a call, and puts the streams that it contains into it. */
async function resultOf(pendingReply) {
  const answer = await answerOf(pendingReply);
  let value = answer[1];
  const positions = answer[2];
  for (let i = 0; i < (positions?.length ?? 0); i++) {
    const { 0: key, 1: id } = positions[i];
    const items = itemsOf(id);
    if (key === null) value = items;
    else define(value, key, items, true);
  }
  return value;
}

let lastStream = 0;

/** Removes the async iterables from arguments. A position is [index, key or null, number of the stream]. */
function extractStreams(args) {
  let streams;
  const extract = (source, index, key) => {
    streams ??= { __proto__: null, positions: [], sources: [] };
    ArrayPrototypePush(streams.positions, [index, key, ++lastStream]);
    ArrayPrototypePush(streams.sources, source);
  };
  for (let i = 0; i < args.length; i++) {
    const argument = args[i];
    if (isAsyncIterable(argument)) {
      extract(argument, i, null);
      args[i] = undefined;
    } else if (isPlain(argument)) {
      const keys = ObjectKeys(argument);
      for (let k = 0; k < keys.length; k++) {
        const value = argument[keys[k]];
        if (!isAsyncIterable(value)) continue;
        if (args[i] === argument) args[i] = { ...argument };
        define(args[i], keys[k], undefined, true);
        extract(value, i, keys[k]);
      }
    }
  }
  return streams;
}

/** Returns the items of a stream of the parent. */
function itemsOf(id) {
  const items = pullItems(id);
  // Runs the generator to its first `yield`: `return()` on a generator that has not started would not run its
  // `finally`.
  AsyncGeneratorPrototypeNext(items);
  return items;
}

async function* pullItems(id) {
  let isOpen = true;
  try {
    yield;
    for (;;) {
      isOpen = false;
      const item = await request('stream:next', [id]);
      isOpen = item !== null;
      if (!isOpen) return;
      yield item[0];
    }
  } finally {
    if (isOpen) await request('stream:return', [id]);
  }
}

/** Sends the items of a stream of this task to the parent, as long as it wants any. */
async function sendItems(id, source) {
  let iterator;
  try {
    let isWanted = await request('stream:demand', [id]);
    if (isWanted) iterator = source[SymbolAsyncIterator]();
    while (isWanted) {
      const item = await nextItem(iterator);
      if (item === undefined) {
        iterator = undefined;
        await request('stream:end', [id]);
        return;
      }
      isWanted = await request('stream:item', [id, item.value]);
    }
  } catch (error) {
    if (error instanceof IteratorError) iterator = undefined;
    await sendFailure(id, error instanceof IteratorError ? error.reason : error);
  }
  try {
    await iterator?.return?.();
  } catch {
    // The stream is closed, and nobody waits for this error.
  }
}

/** Wraps an error of the iterator itself, after which `return()` must not be called. */
class IteratorError {
  constructor(reason) {
    this.reason = reason;
  }
}

async function nextItem(iterator) {
  let result;
  try {
    result = await iterator.next();
    if (!isObject(result)) throw new TypeError('the result of next() must be an object');
    return result.done ? undefined : { __proto__: null, value: await result.value };
  } catch (error) {
    throw new IteratorError(error);
  }
}

async function sendFailure(id, error) {
  try {
    await request('stream:fail', [id, isCloneable(error) ? error : clone.replicaOf(error, isCloneable)]);
  } catch {
    // The stream is closed.
  }
}

/**
 * Creates the tree of host functions.
 * @param {{ functions: Array<[name: string, inner: Array | null]>, maxCalls: number,
 *   memoryLimitMB: number } | undefined} host - as `lib/host/functions.js` describes it
 */
export function createHost(host) {
  if (host === undefined) return createTree([], '');
  limits = { __proto__: null, maxCalls: host.maxCalls, memoryLimitMB: host.memoryLimitMB };
  return createTree(host.functions, 'host:');
}

function createTree(entries, path) {
  const tree = { __proto__: null };
  for (let i = 0; i < entries.length; i++) {
    const { 0: name, 1: inner } = entries[i];
    define(tree, name, inner === null ? createFunction(name, path + name) : createTree(inner, `${path}${name}.`), true);
  }
  return ObjectFreeze(tree);
}

function createFunction(name, target) {
  const hostFunction = (...args) => {
    const promise = callParent(target, args);
    // Allows `for await` over the result of a call without an `await` before it.
    define(promise, SymbolAsyncIterator, () => iterate(promise), false);
    return promise;
  };
  define(hostFunction, 'name', name, false);
  return ObjectFreeze(hostFunction);
}

async function* iterate(promise) {
  yield* await promise;
}
