'use strict';

// Calls of tasks to this process: finds what is called, and answers. src/isolate/realm/js/host.js is the other
// side; what goes over is
//
//     to here   [arguments, places of streams among them]; for the targets of STREAM_TARGETS [number, value]
//     back      [0, value, places of streams in it]
//               [1, name, message, code] of an error: not its stack, nor its other properties
//               [2, value] that was thrown and is no error
//
// A place is [index, key, number] in arguments, [key, number] in a value; the key is null where all of it
// is the stream.

const { isNativeError } = require('node:util').types;
const { Caller } = require('./caller.js');
const { textOf } = require('../values/clone.js');
const { isPlain } = require('./functions.js');
const { isAsyncIterable, Outgoing } = require('./streams.js');
const { decode, encode, uncloneablePath } = require('../values/wire.js');

const VALUE = 0;
const ERROR = 1;
const THROWN = 2;

/** An error that is meant for the task. */
class CallError extends Error {
  constructor(name, message, code) {
    super(message);
    this.name = name;
    this.code = code;
  }
}

const closed = () => new CallError('AbortError', 'the task is over', 'ERR_HOST_CLOSED');

/** 'host:db.query' → 'host.db.query', for messages. */
const labelOf = (target) => target.replace(':', '.');

class Calls {
  #limit;
  #answer;
  #targets = new Map();
  /** ticket → its attempt that has called. */
  #callers = new Map();

  /**
   * @param {number} limit - of streams that a task may have open, each way
   * @param {(call: number, bytes: Buffer) => void} answer
   */
  constructor(limit, answer) {
    this.#limit = limit;
    this.#answer = answer;
  }

  /**
   * @param {string} target - what the isolate's side calls it by
   * @param {(args: unknown[], ctx: object) => unknown} run - may throw, or give a promise
   */
  register(target, run) {
    this.#targets.set(target, run);
  }

  /** Tasks with an attempt that has called and is not over. */
  get size() {
    return this.#callers.size;
  }

  /**
   * Begins a call. Never throws.
   * @param {{ id: number, ticket: number, attempt: number, workerId: number, target: string }} call
   * @param {Buffer} bytes - the arguments; read at once
   * @param {{ id: string, type: string, metadata?: unknown } | undefined} task - undefined where it is settled
   */
  begin(call, bytes, task) {
    if (task === undefined) {
      this.#say(call.id, refusal(closed()));
      return;
    }
    const caller = this.#callerOf(call, task);
    caller.open.add(call.id);
    this.#run(call, bytes, caller);
  }

  #callerOf(call, task) {
    const last = this.#callers.get(call.ticket);
    if (last?.attempt === call.attempt) return last;
    last?.end();
    const caller = new Caller(call, task);
    this.#callers.set(call.ticket, caller);
    return caller;
  }

  async #run({ id, target }, bytes, caller) {
    let answer;
    try {
      const message = decode(bytes);
      const stream = STREAM_TARGETS[target];
      answer = await (stream === undefined ? this.#call(target, message, caller) : stream(caller, message));
    } catch (error) {
      answer = refusal(error);
    }
    if (caller.open.delete(id)) this.#say(id, answer);
    else answer.drop?.();
  }

  /** @returns {Promise<Answer>} */
  async #call(target, [args, places], caller) {
    const run = this.#targets.get(target);
    if (run === undefined) throw new CallError('Error', `there is no ${labelOf(target)}`, 'ERR_HOST_CLOSED');
    const incoming = this.#putStreams(args, places, caller);
    // Nobody will ask for their items any more.
    const closeUnread = () => {
      for (const stream of incoming) if (!stream.hasBegun) stream.close();
    };
    try {
      const result = await run(args, caller.context);
      return this.#answerWith(result, labelOf(target), caller, closeUnread);
    } catch (error) {
      closeUnread();
      throw error;
    }
  }

  /** Puts the streams of a task into its arguments. */
  #putStreams(args, places, caller) {
    if (places === null) return [];
    if (caller.incoming + places.length > this.#limit) throw this.#busy();
    return places.map(([index, key, number]) => {
      const stream = caller.receive(number);
      if (key === null) args[index] = stream.iterable;
      else define(args[index], key, stream.iterable);
      return stream;
    });
  }

  /** @param {() => void} onEnd - called when the streams of the result have ended, or there is none */
  #answerWith(result, where, caller, onEnd) {
    const { value, sources } = takeStreams(result);
    if (sources.length === 0) {
      onEnd();
      return { message: [VALUE, value, null], value, root: 'result', where };
    }
    if (caller.outgoing + sources.length > this.#limit) {
      for (const [, source] of sources) new Outgoing(source, () => {}).close();
      throw this.#busy();
    }
    let left = sources.length;
    const ended = () => --left === 0 && onEnd();
    const places = sources.map(([key, source]) => [key, caller.send(source, ended)]);
    const drop = () => {
      for (const [, number] of places) caller.outgoingOf(number)?.close();
    };
    return { message: [VALUE, value, places], value, root: 'result', where, drop };
  }

  #busy() {
    return new CallError('Error', `too many streams are open in a task (limit ${this.#limit})`, 'ERR_HOST_BUSY');
  }

  #say(id, answer) {
    // What `encode` gives is valid until its next call.
    this.#answer(id, encodeAnswer(answer));
  }

  /**
   * A task is over, or an attempt of it.
   * @param {number} ticket
   * @param {number} [attempt] - any, where it is absent
   */
  end(ticket, attempt) {
    if (this.#callers.size === 0) return;
    const caller = this.#callers.get(ticket);
    if (caller === undefined || (attempt !== undefined && caller.attempt !== attempt)) return;
    this.#callers.delete(ticket);
    caller.end();
    // It may go on for a moment, where it was aborted: it is not to wait for what does not come.
    for (const id of caller.open) this.#say(id, refusal(closed()));
    caller.open.clear();
  }
}

/**
 * @typedef {object} Answer
 * @property {unknown[]} message
 * @property {unknown} [value] - that of a user in it
 * @property {string} [root] - what the value is called
 * @property {string} [where] - whose it is
 * @property {() => void} [drop] - called where nobody gets it
 */

const DONE = { message: [VALUE, null, null] };

/** What moves the items of streams. Each is called with the caller and [number, value], and gives an answer. */
const STREAM_TARGETS = {
  __proto__: null,

  async 'stream:next'(caller, [number]) {
    const stream = caller.outgoingOf(number);
    const item = await stream?.next();
    if (item === undefined) return DONE;
    const drop = () => stream.close();
    return { message: [VALUE, [item.value], null], value: item.value, root: 'item', where: 'a stream', drop };
  },

  async 'stream:return'(caller, [number]) {
    await caller.outgoingOf(number)?.return();
    return DONE;
  },

  'stream:demand': (caller, [number]) => wanted(caller.incomingOf(number), (stream, say) => stream.offer(say)),

  'stream:item': (caller, [number, value]) =>
    wanted(caller.incomingOf(number), (stream, say) => stream.item(value, say)),

  'stream:end'(caller, [number]) {
    caller.incomingOf(number)?.end();
    return DONE;
  },

  'stream:fail'(caller, [number, error]) {
    caller.incomingOf(number)?.fail(error);
    return DONE;
  },
};

/** Answers the task when it is known whether a further item is wanted. */
async function wanted(stream, tell) {
  const isWanted = stream !== undefined && (await new Promise((resolve) => tell(stream, resolve)));
  return { message: [VALUE, isWanted, null] };
}

/** Takes the async iterables out of a result, as [key, source]. */
function takeStreams(result) {
  if (isAsyncIterable(result)) return { value: undefined, sources: [[null, result]] };
  if (!isPlain(result)) return { value: result, sources: [] };
  const sources = Object.entries(result).filter(([, value]) => isAsyncIterable(value));
  if (sources.length === 0) return { value: result, sources };
  const value = { ...result };
  for (const [key] of sources) define(value, key, undefined);
  return { value, sources };
}

/** @param {Answer} answer @returns {Buffer} valid until the next call of `encode` */
function encodeAnswer({ message, value, root, where, drop }) {
  try {
    return encode(message);
  } catch (cause) {
    drop?.();
    const path = `${uncloneablePath(value, root)} of ${where}`;
    const text = `${path} cannot be cloned: ${textOf(cause.message)}`;
    return encode(refusal(new CallError('DataCloneError', text, 'ERR_DATA_CLONE')).message);
  }
}

/** @returns {Answer} that a call has failed */
function refusal(error) {
  if (!(error instanceof Error || isNativeError(error))) return { message: [THROWN, thrown(error)] };
  const [name, message, code] = ['name', 'message', 'code'].map((key) => read(error, key));
  const isKnown = typeof code === 'string' || typeof code === 'number';
  return { message: [ERROR, text(name, 'Error'), text(message, ''), isKnown ? code : undefined] };
}

const text = (value, otherwise) => (typeof value === 'string' ? value : otherwise);

/** What was thrown and is no error: as it is, or in words. */
function thrown(value) {
  try {
    encode(value);
    return value;
  } catch {
    return textOf(value);
  }
}

function read(object, key) {
  try {
    return object[key];
  } catch {
    return undefined;
  }
}

function define(object, key, value) {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

module.exports = { Calls };
