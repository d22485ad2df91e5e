// Timers that know their task: a task that is over takes its timers with it and sets no new ones, and an
// error thrown in a callback is reported to the task that set the timer. As in Node they are objects, which
// are numbers where one is asked for.

import { core, primordials } from 'ext:core/mod.js';
import { enqueueMicrotask, op_void_async_deferred } from 'ext:core/ops';
import { TIMERS_AND_PORTS, isOver, live } from 'ext:isolane/belongings.js';

const {
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  MathTrunc,
  ReflectApply,
  SafeMap,
  SafeSet,
  SafeSetIterator,
  SetPrototypeAdd,
  SetPrototypeDelete,
  SetPrototypeForEach,
  SetPrototypeHas,
  SymbolDispose,
  SymbolToPrimitive,
  TypeError,
} = primordials;
const { getAsyncContext, setAsyncContext } = core;

// What Node and browsers do with a delay that does not fit into 31 bits.
export const MAX_DELAY = 2 ** 31 - 1;

/** Timers and immediates of each task, by its ticket; those of no task are not in here. */
const owned = new SafeMap();
let lastNumber = 0;
/** Timers that wait, by the numbers that they are. */
const waiting = new SafeMap();
/** Immediates that wait, in their order. */
const immediates = new SafeSet();
/** Counts the turns of the event loop that were asked for; and which of them is awaited, or 0. */
let turns = 0;
let awaited = 0;

let report = () => {};
export function onError(callback) {
  report = callback;
}

function own(ticket, timer) {
  if (ticket === undefined) return;
  let timers = MapPrototypeGet(owned, ticket);
  if (timers === undefined) MapPrototypeSet(owned, ticket, (timers = new SafeSet()));
  SetPrototypeAdd(timers, timer);
  live[TIMERS_AND_PORTS]++;
}

function disown(ticket, timer) {
  const timers = ticket === undefined ? undefined : MapPrototypeGet(owned, ticket);
  if (timers === undefined || !SetPrototypeDelete(timers, timer)) return;
  if (timers.size === 0) MapPrototypeDelete(owned, ticket);
  live[TIMERS_AND_PORTS]--;
}

function call(callback, timer, args, ticket) {
  const before = getAsyncContext();
  setAsyncContext(ticket);
  try {
    ReflectApply(callback, timer, args);
  } catch (error) {
    report(error, ticket);
  } finally {
    setAsyncContext(before);
  }
}

function checkCallback(callback, name) {
  if (typeof callback === 'function') return;
  throw new TypeError(`Failed to execute '${name}': the callback must be a function, got ${typeof callback}`);
}

class Timeout {
  #callback;
  #args;
  #delay;
  #repeats;
  #ticket;
  /** What it is where a number is asked for; it stays the same when the timer is started anew. */
  #number;
  /** The number that deno_core knows it by while it waits. */
  #id;
  #cleared = false;
  #referenced = true;

  constructor(callback, delay, repeats, args) {
    const number = +delay;
    this.#callback = callback;
    this.#args = args;
    // Not nested as in browsers, which hold nested timers back to 4 ms: Node does not.
    this.#delay = number >= 1 && number <= MAX_DELAY ? MathTrunc(number) : 1;
    this.#repeats = repeats;
    this.#ticket = getAsyncContext();
    this.#start();
  }

  #start() {
    if (this.#cleared || isOver(this.#ticket)) return;
    this.#stop();
    this.#id = core.queueUserTimer(1, this.#repeats, this.#delay, () => {
      if (!this.#repeats) this.#leave();
      call(this.#callback, this, this.#args, this.#ticket);
    });
    // Of its realm: deno_core's would tell of the timers of others.
    this.#number ??= ++lastNumber;
    MapPrototypeSet(waiting, this.#number, this);
    own(this.#ticket, this);
  }

  #stop() {
    if (this.#id === undefined) return;
    core.cancelTimer(this.#id);
    this.#leave();
  }

  #leave() {
    this.#id = undefined;
    MapPrototypeDelete(waiting, this.#number);
    disown(this.#ticket, this);
  }

  /** Stops the timer for good; what is no timer is left alone, as everywhere. */
  static clear(timer) {
    if (typeof timer === 'string') timer = +timer;
    if (typeof timer === 'number') timer = MapPrototypeGet(waiting, timer);
    if (typeof timer !== 'object' || timer === null || !(#cleared in timer)) return;
    timer.#cleared = true;
    timer.#stop();
  }

  /** Begins the delay anew, also after the callback has run. */
  refresh() {
    this.#start();
    return this;
  }

  close() {
    clear(this);
    return this;
  }

  // A task ends when its promise settles, whatever timers it has left.

  ref() {
    this.#referenced = true;
    return this;
  }

  unref() {
    this.#referenced = false;
    return this;
  }

  hasRef() {
    return this.#referenced;
  }

  [SymbolToPrimitive]() {
    return this.#number ?? 0;
  }

  [SymbolDispose]() {
    clear(this);
  }
}

class Immediate {
  #callback;
  #args;
  #ticket;
  #referenced = true;

  constructor(callback, args) {
    this.#callback = callback;
    this.#args = args;
    this.#ticket = getAsyncContext();
    if (isOver(this.#ticket)) return;
    SetPrototypeAdd(immediates, this);
    own(this.#ticket, this);
    turn();
  }

  #stop() {
    if (SetPrototypeDelete(immediates, this)) disown(this.#ticket, this);
  }

  static run(immediate) {
    immediate.#stop();
    call(immediate.#callback, immediate, immediate.#args, immediate.#ticket);
  }

  static clear(immediate) {
    if (SetPrototypeHas(immediates, immediate)) immediate.#stop();
  }

  ref() {
    this.#referenced = true;
    return this;
  }

  unref() {
    this.#referenced = false;
    return this;
  }

  hasRef() {
    return this.#referenced;
  }

  [SymbolDispose]() {
    clearNow(this);
  }
}

const { clear } = Timeout;
const { clear: clearNow, run: runNow } = Immediate;
delete Timeout.clear;
delete Immediate.clear;
delete Immediate.run;

/**
 * Has the first immediate run in the next turn of the event loop. A timer of no delay would take a
 * millisecond; and each has a turn of its own, so that the microtasks of one come before the next.
 */
function turn() {
  if (awaited !== 0) return;
  awaited = ++turns;
  const before = getAsyncContext();
  setAsyncContext(undefined);
  runIn(awaited);
  setAsyncContext(before);
}

async function runIn(number) {
  await op_void_async_deferred();
  if (number !== awaited) return;
  awaited = 0;
  const { value } = new SafeSetIterator(immediates).next();
  if (value === undefined) return;
  // Before the callback, which may be interrupted and never come back.
  if (immediates.size > 1) turn();
  runNow(value);
}

/** Cancels every timer of a task. */
export function clearAllOf(ticket) {
  const timers = MapPrototypeGet(owned, ticket);
  if (timers !== undefined) {
    SetPrototypeForEach(timers, (timer) => {
      clear(timer);
      clearNow(timer);
    });
  }
  // V8 drops all microtasks when it interrupts a task, and the turn that is awaited may be among them.
  awaited = 0;
  if (immediates.size > 0) turn();
}

function clearTimeout(timer) {
  clear(timer);
}

function clearInterval(timer) {
  clear(timer);
}

function clearImmediate(immediate) {
  clearNow(immediate);
}

export const globals = {
  setTimeout(callback, delay = 0, ...args) {
    checkCallback(callback, 'setTimeout');
    return new Timeout(callback, delay, false, args);
  },
  setInterval(callback, delay = 0, ...args) {
    checkCallback(callback, 'setInterval');
    return new Timeout(callback, delay, true, args);
  },
  setImmediate(callback, ...args) {
    checkCallback(callback, 'setImmediate');
    return new Immediate(callback, args);
  },
  clearTimeout,
  clearInterval,
  clearImmediate,
  queueMicrotask(callback) {
    checkCallback(callback, 'queueMicrotask');
    const ticket = getAsyncContext();
    if (!isOver(ticket)) enqueueMicrotask(() => call(callback, undefined, [], ticket));
  },
};
