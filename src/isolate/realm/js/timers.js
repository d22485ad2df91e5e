// Timers that know their task: a task that is over takes its timers with it and sets no new ones, and an
// error thrown in a callback is reported to the task that set the timer. As in Node they are objects, which
// are numbers where one is asked for. All of them wait for one timer of deno_core, which is set for the first
// that is due: what is on the other side of the airlock costs more than a callback.

import { core, primordials } from 'ext:core/mod.js';
import {
  enqueueMicrotask,
  op_isolane_again,
  op_isolane_checkpoint,
  op_isolane_clock,
  op_isolane_room,
  op_void_async_deferred,
} from 'ext:core/ops';
import { CHANGING, FIRING, TIMERS_AND_PORTS, isOver, live } from 'ext:isolane/task-resources.js';
import { Deadline, leave, next, wait } from 'ext:isolane/deadlines.js';

const {
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  MathCeil,
  MathMax,
  MathTrunc,
  ReflectApply,
  SafeMap,
  SafeSet,
  SafeSetIterator,
  SetPrototypeAdd,
  SetPrototypeDelete,
  SetPrototypeForEach,
  SetPrototypeGetSize,
  SetPrototypeHas,
  SymbolDispose,
  SymbolToPrimitive,
  TypeError,
} = primordials;
const { getAsyncContext, setAsyncContext } = core;

// What Node and browsers do with a delay that does not fit into 31 bits.
export const MAX_DELAY = 2 ** 31 - 1;

/** Timers and immediates of each task, by its ticket; those of no task are not in here. One, or a set of them. */
const owned = new SafeMap();
let lastNumber = 0;
/** Timers that wait, by their numbers, where these were asked for. */
const numbered = new SafeMap();
/** The timer of deno_core that is set, or 0, and for when. */
let alarm = 0;
let alarmAt = 0;
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
  const timers = MapPrototypeGet(owned, ticket);
  if (timers === undefined) {
    MapPrototypeSet(owned, ticket, timer);
  } else if (isTimer(timers)) {
    const both = new SafeSet();
    SetPrototypeAdd(both, timers);
    SetPrototypeAdd(both, timer);
    MapPrototypeSet(owned, ticket, both);
  } else {
    SetPrototypeAdd(timers, timer);
  }
  live[TIMERS_AND_PORTS]++;
}

function disown(ticket, timer) {
  const timers = ticket === undefined ? undefined : MapPrototypeGet(owned, ticket);
  if (timers === undefined) return;
  if (timers === timer) {
    MapPrototypeDelete(owned, ticket);
  } else {
    if (isTimer(timers) || !SetPrototypeDelete(timers, timer)) return;
    if (SetPrototypeGetSize(timers) === 0) MapPrototypeDelete(owned, ticket);
  }
  live[TIMERS_AND_PORTS]--;
}

/** Sets deno_core's timer for what is due first, unless it is set for that or for sooner. */
function setAlarm(now) {
  const first = next();
  if (first === undefined) {
    if (alarm !== 0) core.cancelTimer(alarm);
    alarm = 0;
  } else if (alarm === 0 || first.due < alarmAt) {
    if (alarm !== 0) core.cancelTimer(alarm);
    alarmAt = first.due;
    alarm = core.queueUserTimer(1, false, MathMax(MathCeil(alarmAt - now), 1), ring);
  }
}

/** Callbacks that run before the tasks that they have ended are reported, and others begin in their place. */
const AT_ONCE = 64;

/** Runs what is due. What is set meanwhile, and is due by then, has its turn the next time. */
function ring() {
  alarm = 0;
  live[FIRING] = 1;
  const now = op_isolane_clock();
  let count = 0;
  for (let first = next(); first !== undefined && first.due <= now; first = next()) {
    if (++count > AT_ONCE) {
      live[FIRING] = 0;
      op_isolane_again(ring);
      return;
    }
    fire(first.timer, now);
    // Of no task from here on, and the microtasks of one callback come before the next.
    op_isolane_checkpoint();
  }
  live[FIRING] = 0;
  setAlarm(op_isolane_clock());
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
  #number = 0;
  #deadline = new Deadline(this);
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
    op_isolane_room();
    this.#stop();
    const now = op_isolane_clock();
    live[CHANGING] = 1;
    wait(this.#deadline, this.#delay, now);
    if (this.#number !== 0) MapPrototypeSet(numbered, this.#number, this);
    own(this.#ticket, this);
    live[CHANGING] = 0;
    setAlarm(now);
  }

  #stop() {
    if (this.#deadline.list === undefined) return;
    live[CHANGING] = 1;
    leave(this.#deadline);
    if (this.#number !== 0) MapPrototypeDelete(numbered, this.#number);
    disown(this.#ticket, this);
    live[CHANGING] = 0;
  }

  static fire(timer, now) {
    if (timer.#repeats) {
      live[CHANGING] = 1;
      leave(timer.#deadline);
      wait(timer.#deadline, timer.#delay, now);
      live[CHANGING] = 0;
    } else {
      timer.#stop();
    }
    call(timer.#callback, timer, timer.#args, timer.#ticket);
  }

  /** Stops the timer for good; what is no timer is left alone, as everywhere. */
  static clear(timer) {
    if (typeof timer === 'string') timer = +timer;
    if (typeof timer === 'number') timer = MapPrototypeGet(numbered, timer);
    if (typeof timer !== 'object' || timer === null || !(#cleared in timer)) return;
    timer.#cleared = true;
    if (timer.#deadline.list === undefined) return;
    op_isolane_room();
    timer.#stop();
    if (alarm !== 0 && next() === undefined) setAlarm(0);
  }

  static is(timer) {
    return #cleared in timer;
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
    if (this.#number === 0) {
      // Of its realm: deno_core's would tell of the timers of others.
      this.#number = ++lastNumber;
      if (this.#deadline.list !== undefined) MapPrototypeSet(numbered, this.#number, this);
    }
    return this.#number;
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
    op_isolane_room();
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

  static is(immediate) {
    return #callback in immediate;
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

const { clear, fire, is: isTimeout } = Timeout;
const { clear: clearNow, is: isImmediate, run: runNow } = Immediate;
delete Timeout.clear;
delete Timeout.fire;
delete Timeout.is;
delete Immediate.clear;
delete Immediate.is;
delete Immediate.run;

const isTimer = (timers) => isTimeout(timers) || isImmediate(timers);

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
  if (SetPrototypeGetSize(immediates) > 1) turn();
  runNow(value);
}

/** Cancels every timer of a task. */
export function clearAllOf(ticket) {
  const timers = MapPrototypeGet(owned, ticket);
  if (timers !== undefined) {
    if (isTimer(timers)) clearAny(timers);
    else SetPrototypeForEach(timers, clearAny);
  }
  // V8 drops all microtasks when it interrupts a task, and the turn that is awaited may be among them.
  awaited = 0;
  if (SetPrototypeGetSize(immediates) > 0) turn();
  if (live[FIRING] !== 0) {
    // It was interrupted in a callback, which did not return to what sets the alarm.
    live[FIRING] = 0;
    setAlarm(op_isolane_clock());
  }
}

function clearAny(timer) {
  clear(timer);
  clearNow(timer);
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
