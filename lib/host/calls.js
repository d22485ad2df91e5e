'use strict';

// Calls of tasks to host functions: finds the function, runs it, and answers. src/isolate/realm/js/host.js is the other
// side. The messages are
//
//     from a task  [arguments, positions of streams in them]; to STREAM_TARGETS [number, value]
//     to a task    [0, value, positions of streams in it]
//                  [1, name, message, code] of an error: neither its stack trace nor its other properties
//                  [2, value] that was thrown and is no error
//
// A position is [index, key, number] in arguments and [key, number] in a value. The key is null where the argument or
// the value itself is the stream.

const { isNativeError } = require('node:util').types;
const { Caller } = require('./caller.js');
const { textOf } = require('../values/clone.js');
const { isPlain } = require('./functions.js');
const { isAsyncIterable, Outgoing } = require('./streams.js');
const { decode, encode, uncloneableMessage } = require('../values/wire.js');

const VALUE = 0;
const ERROR = 1;
const THROWN = 2;

/** An error that is made here, for the task. */
class CallError extends Error {
  constructor(name, message, code) {
    super(message);
    this.name = name;
    this.code = code;
  }
}

const closed = () => new CallError('AbortError', 'the task is over', 'ERR_HOST_CLOSED');

/** The name of a target in messages: 'host.db.query' for 'host:db.query'. */
const labelOf = (target) => target.replace(':', '.');

class Calls {
  #limit;
  #answer;
  #targets = new Map();
  /** Ticket → Caller, the latest attempt that has called. */
  #callers = new Map();

  /**
   * @param {number} limit - open streams of a task, in each direction
   * @param {(call: number, bytes: Buffer) => void} answer - the bytes are valid during the call only
   */
  constructor(limit, answer) {
    this.#limit = limit;
    this.#answer = answer;
  }

  /**
   * Registers a function that tasks may call.
   * @param {string} target - the name by which isolates call it, such as `host:db.query`
   * @param {(args: unknown[], ctx: object) => unknown} run - may throw, or return a promise
   */
  register(target, run) {
    this.#targets.set(target, run);
  }

  /** Number of tasks with an attempt that has called and is not over. */
  get size() {
    return this.#callers.size;
  }

  /**
   * Begins a call, and answers it later. Never throws.
   * @param {{ id: number, ticket: number, attempt: number, workerId: number, target: string }} call
   * @param {Buffer} bytes - the arguments, decoded before this returns
   * @param {{ id: string, type: string, metadata?: unknown } | undefined} task - undefined when it is settled
   */
  begin(call, bytes, task) {
    if (task === undefined) {
      this.#respond(call.id, refusal(closed()));
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
    if (caller.open.delete(id)) this.#respond(id, answer);
    else answer.drop?.();
  }

  /** @returns {Promise<Answer>} */
  async #call(target, [args, positions], caller) {
    const run = this.#targets.get(target);
    if (run === undefined) throw new CallError('Error', `there is no ${labelOf(target)}`, 'ERR_HOST_CLOSED');
    const incoming = this.#openStreams(args, positions, caller);
    // Streams that the function has not begun to read when it has returned are not read any more.
    const closeUnread = () => {
      for (const stream of incoming) if (!stream.hasBegun) stream.close();
    };
    try {
      const result = await run(args, caller.context);
      return this.#answerOf(result, labelOf(target), caller, closeUnread);
    } catch (error) {
      closeUnread();
      throw error;
    }
  }

  /** Opens the streams in the arguments of a call. @returns {Incoming[]} */
  #openStreams(args, positions, caller) {
    if (positions === null) return [];
    if (caller.incoming + positions.length > this.#limit) throw this.#tooManyStreams();
    return positions.map(([index, key, number]) => {
      const stream = caller.receive(number);
      if (key === null) args[index] = stream.iterable;
      else define(args[index], key, stream.iterable);
      return stream;
    });
  }

  /**
   * Makes the answer of a result.
   * @param {unknown} result
   * @param {string} owner - name of the function, for messages
   * @param {Caller} caller
   * @param {() => void} onEnd - called when the streams in the result have ended; at once where there is none
   * @returns {Answer}
   */
  #answerOf(result, owner, caller, onEnd) {
    const { value, sources } = takeStreams(result);
    if (sources.length === 0) {
      onEnd();
      return { message: [VALUE, value, null], value, root: 'result', owner };
    }
    if (caller.outgoing + sources.length > this.#limit) {
      for (const [, source] of sources) new Outgoing(source, () => {}).close();
      throw this.#tooManyStreams();
    }
    let left = sources.length;
    const ended = () => --left === 0 && onEnd();
    const positions = sources.map(([key, source]) => [key, caller.send(source, ended)]);
    const drop = () => {
      for (const [, number] of positions) caller.outgoingOf(number)?.close();
    };
    return { message: [VALUE, value, positions], value, root: 'result', owner, drop };
  }

  #tooManyStreams() {
    return new CallError('Error', `too many streams are open in a task (limit ${this.#limit})`, 'ERR_HOST_BUSY');
  }

  #respond(id, answer) {
    // The bytes of `encode` are valid until its next call.
    this.#answer(id, encodeAnswer(answer));
  }

  /**
   * Ends the calls of a task, or of one of its attempts.
   * @param {number} ticket
   * @param {number} [attempt] - without it, whichever has called
   */
  end(ticket, attempt) {
    if (this.#callers.size === 0) return;
    const caller = this.#callers.get(ticket);
    if (caller === undefined || (attempt !== undefined && caller.attempt !== attempt)) return;
    this.#callers.delete(ticket);
    caller.end();
    // An aborted task may go on for a moment, and must not wait for answers in vain.
    for (const id of caller.open) this.#respond(id, refusal(closed()));
    caller.open.clear();
  }
}

/**
 * @typedef {object} Answer
 * @property {unknown[]} message
 * @property {unknown} [value] - the part of the message that is a value of the user
 * @property {string} [root] - what paths in the value start with, for messages
 * @property {string} [owner] - what the value belongs to, for messages
 * @property {() => void} [drop] - closes its streams; called when the answer is not sent
 */

const DONE = { message: [VALUE, null, null] };

/** The targets of stream operations. Each takes the caller and [number, value], and returns an answer. */
const STREAM_TARGETS = {
  __proto__: null,

  async 'stream:next'(caller, [number]) {
    const stream = caller.outgoingOf(number);
    const item = await stream?.next();
    if (item === undefined) return DONE;
    const drop = () => stream.close();
    return { message: [VALUE, [item.value], null], value: item.value, root: 'item', owner: 'a stream', drop };
  },

  async 'stream:return'(caller, [number]) {
    await caller.outgoingOf(number)?.return();
    return DONE;
  },

  'stream:demand': (caller, [number]) => wanted(caller.incomingOf(number), (stream, respond) => stream.offer(respond)),

  'stream:item': (caller, [number, value]) =>
    wanted(caller.incomingOf(number), (stream, respond) => stream.item(value, respond)),

  'stream:end'(caller, [number]) {
    caller.incomingOf(number)?.end();
    return DONE;
  },

  'stream:fail'(caller, [number, error]) {
    caller.incomingOf(number)?.fail(error);
    return DONE;
  },
};

/** Answers whether a further item is wanted, as soon as that is known. */
async function wanted(stream, offer) {
  const isWanted = stream !== undefined && (await new Promise((resolve) => offer(stream, resolve)));
  return { message: [VALUE, isWanted, null] };
}

/** Separates a result from the async iterables in it, which are given as [key, source]. */
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
function encodeAnswer({ message, value, root, owner, drop }) {
  try {
    return encode(message);
  } catch (cause) {
    drop?.();
    const text = uncloneableMessage(value, root, textOf(cause.message), owner);
    return encode(refusal(new CallError('DataCloneError', text, 'ERR_DATA_CLONE')).message);
  }
}

/** @returns {Answer} of a call that has failed */
function refusal(error) {
  if (!(error instanceof Error || isNativeError(error))) return { message: [THROWN, thrown(error)] };
  const [name, message, code] = ['name', 'message', 'code'].map((key) => read(error, key));
  const isKnown = typeof code === 'string' || typeof code === 'number';
  return { message: [ERROR, text(name, 'Error'), text(message, ''), isKnown ? code : undefined] };
}

const text = (value, otherwise) => (typeof value === 'string' ? value : otherwise);

/** A thrown value that is no error: as it is where it can be cloned, otherwise its text. */
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
