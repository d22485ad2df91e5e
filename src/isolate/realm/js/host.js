// Calls of a task to the parent: the tree of host functions, made of names alone, and the streams that go
// either way. What is behind a name is known to the parent only (`lib/host/calls.js`, which answers).
//
// One primitive serves all of it: a value goes to a target, a value comes back. A stream of the parent is
// asked for each item; for a stream of the task, the task asks whether an item is wanted, and sends it with
// its next question. So one item is under way at a time, whoever is slow.

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

// The first element of an answer.
const VALUE = 0;
const ERROR = 1;

/** In place of an answer: why Rust refused the call. `src/isolate/host/op.rs` has the same. */
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

// The airlock puts the task that runs in the place of the first argument.
const call = (target, bytes) => op_isolane_call(undefined, target, bytes);

/** Those that can be made from a message alone. */
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

/** Why a value cannot be cloned, and where in it. */
function uncloneable(value, root, cause) {
  const path = clone.pathOfUncloneable(value, root, isCloneable);
  const why = isObject(cause) && typeof cause.message === 'string' ? cause.message : clone.textOf(cause);
  return errorOf('DataCloneError', `${path} cannot be cloned: ${why}`, 'ERR_DATA_CLONE');
}

/** Waits for the answer to what `begun` has begun. */
async function answerOf(begun) {
  const bytes = await begun;
  const length = TypedArrayPrototypeGetLength(bytes);
  // The task is over: nothing of it is to go on.
  if (length === 0) await new Promise(() => {});
  if (length === 1) throw REFUSALS[bytes[0]]();
  const answer = op_isolane_decode(bytes);
  if (!isObject(answer)) throw errorOf('Error', 'the answer cannot be read', 'ERR_DATA_CLONE');
  if (answer[0] === VALUE) return answer;
  throw answer[0] === ERROR ? errorOf(answer[1], answer[2], answer[3]) : answer[1];
}

// No asynchronous functions: those would hold on to the bytes until the answer is there.
const send = (target, message) => call(target, op_isolane_encode(message));

async function ask(target, message) {
  const answer = await answerOf(send(target, message));
  return answer[1];
}

/**
 * Calls the parent. Async iterables among the arguments, and in the first level of plain objects among
 * them, become streams; so do those of the result.
 * @param {string} target - what the parent knows it by, such as `host:db.query`
 * @param {unknown[]} args - an array that nobody else has
 * @returns {Promise<unknown>}
 */
export function callParent(target, args) {
  try {
    const streams = takeStreams(args);
    const begun = begin(target, args, streams?.places ?? null);
    for (let i = 0; i < (streams?.sources.length ?? 0); i++) serve(streams.places[i][2], streams.sources[i]);
    return resultOf(begun);
  } catch (error) {
    return PromiseReject(error);
  }
}

function begin(target, args, places) {
  try {
    return send(target, [args, places]);
  } catch (cause) {
    throw uncloneable(args, 'arguments', cause);
  }
}

/** Waits for the result of a call, and puts its streams into it. */
async function resultOf(begun) {
  const answer = await answerOf(begun);
  let value = answer[1];
  const places = answer[2];
  for (let i = 0; i < (places?.length ?? 0); i++) {
    const { 0: key, 1: id } = places[i];
    const items = itemsOf(id);
    if (key === null) value = items;
    else define(value, key, items, true);
  }
  return value;
}

let lastStream = 0;

/** Takes the async iterables out of arguments. Their places are [index, key or null, number of the stream]. */
function takeStreams(args) {
  let streams;
  const take = (source, index, key) => {
    streams ??= { __proto__: null, places: [], sources: [] };
    ArrayPrototypePush(streams.places, [index, key, ++lastStream]);
    ArrayPrototypePush(streams.sources, source);
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (isAsyncIterable(arg)) {
      take(arg, i, null);
      args[i] = undefined;
    } else if (isPlain(arg)) {
      const keys = ObjectKeys(arg);
      for (let k = 0; k < keys.length; k++) {
        const value = arg[keys[k]];
        if (!isAsyncIterable(value)) continue;
        if (args[i] === arg) args[i] = { ...arg };
        define(args[i], keys[k], undefined, true);
        take(value, i, keys[k]);
      }
    }
  }
  return streams;
}

/** The items of a stream of the parent. */
function itemsOf(id) {
  const items = pull(id);
  // Up to its first `yield`: a generator that has not begun does not hear of its `return()`.
  AsyncGeneratorPrototypeNext(items);
  return items;
}

async function* pull(id) {
  let isOpen = true;
  try {
    yield;
    for (;;) {
      isOpen = false;
      const item = await ask('stream:next', [id]);
      isOpen = item !== null;
      if (!isOpen) return;
      yield item[0];
    }
  } finally {
    if (isOpen) await ask('stream:return', [id]);
  }
}

/** Gives the items of a stream of this task to the parent, as long as it wants any. */
async function serve(id, source) {
  let iterator;
  try {
    let wanted = await ask('stream:demand', [id]);
    if (wanted) iterator = source[SymbolAsyncIterator]();
    while (wanted) {
      const item = await nextOf(iterator);
      if (item === undefined) {
        iterator = undefined;
        await ask('stream:end', [id]);
        return;
      }
      wanted = await ask('stream:item', [id, item.value]);
    }
  } catch (error) {
    if (error instanceof Broken) iterator = undefined;
    await fail(id, error instanceof Broken ? error.reason : error);
  }
  try {
    await iterator?.return?.();
  } catch {
    // Nobody is left to hear of it.
  }
}

/** The iterator itself has failed, so it is not to be told to return. */
class Broken {
  constructor(reason) {
    this.reason = reason;
  }
}

async function nextOf(iterator) {
  let step;
  try {
    step = await iterator.next();
    if (!isObject(step)) throw new TypeError('the result of next() must be an object');
    return step.done ? undefined : { __proto__: null, value: await step.value };
  } catch (error) {
    throw new Broken(error);
  }
}

async function fail(id, error) {
  try {
    await ask('stream:fail', [id, isCloneable(error) ? error : clone.replicaOf(error, isCloneable)]);
  } catch {
    // The stream is closed.
  }
}

/**
 * Makes the tree of host functions.
 * @param {{ functions: Array<[name: string, inner: Array | null]>, maxCalls: number,
 *   memoryLimitMB: number } | undefined} host - as `lib/host/functions.js` describes it
 */
export function createHost(host) {
  if (host === undefined) return treeOf([], '');
  limits = { __proto__: null, maxCalls: host.maxCalls, memoryLimitMB: host.memoryLimitMB };
  return treeOf(host.functions, 'host:');
}

function treeOf(entries, path) {
  const tree = { __proto__: null };
  for (let i = 0; i < entries.length; i++) {
    const { 0: name, 1: inner } = entries[i];
    define(tree, name, inner === null ? caller(name, path + name) : treeOf(inner, `${path}${name}.`), true);
  }
  return ObjectFreeze(tree);
}

function caller(name, target) {
  const caller = (...args) => {
    const promise = callParent(target, args);
    // So that `for await` takes what is called without an `await` before it.
    define(promise, SymbolAsyncIterator, () => itemsIn(promise), false);
    return promise;
  };
  define(caller, 'name', name, false);
  return ObjectFreeze(caller);
}

async function* itemsIn(promise) {
  yield* await promise;
}
