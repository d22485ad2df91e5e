// Timers and immediates. Each belongs to the task that set it: its callback runs as that task, an error that the
// callback throws is reported for that task, and the end of the task clears it. A task that is over sets no timer.
// As in Node they are objects, which convert to numbers.
//
// All timers of a realm share one timer of deno_core, which is set for the first of them that is due: a call through
// the airlock costs more than running a callback.

import { core, primordials } from 'ext:core/mod.js';
import {
  enqueueMicrotask,
  op_isolane_check_stack,
  op_isolane_clock,
  op_isolane_next_turn,
  op_isolane_run_microtasks,
  op_void_async_deferred,
} from 'ext:core/ops';
import {
  QUEUE_CHANGING,
  RUNNING_CALLBACKS,
  TIMERS_AND_PORTS,
  isOver,
  resourceState,
} from 'ext:isolane/task-resources.js';
import { TimerEntry, enqueue, first, remove } from 'ext:isolane/timer-queue.js';

const {
  ArrayPrototypeForEach,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  MathCeil,
  MathMax,
  MathTrunc,
  ObjectDefineProperty,
  ObjectGetOwnPropertyDescriptor,
  ObjectPrototype,
  ObjectSetPrototypeOf,
  ReflectApply,
  ReflectOwnKeys,
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

/** The largest delay in milliseconds. Node and browsers replace a delay that does not fit into 31 bits by 1. */
export const MAX_DELAY = 2 ** 31 - 1;

/** The callbacks that run before Rust gets control, reports the tasks that they have ended and begins others. */
const MAX_CALLBACKS_PER_TURN = 64;

/** The pending timers and immediates of each task, by ticket: one of them, or a set. Code of no task has no entry. */
const timersOfTasks = new SafeMap();
let lastNumber = 0;
/** The pending timers that were converted to a number, by that number. */
const numberedTimers = new SafeMap();
/** The id of the timer of deno_core that is set, or 0. */
let engineTimer = 0;
/** When it is due. */
let engineTimerDue = 0;
/** The pending immediates, in the order in which they were set. */
const immediates = new SafeSet();
/** The number of turns of the event loop that immediates have asked for. */
let turns = 0;
/** The number of the turn that is pending, or 0. */
let pendingTurn = 0;

let report = () => {};
/** Sets what is called with each error that a callback throws, and the ticket of its task. */
export function onError(callback) {
  report = callback;
}

function addToTask(ticket, timer) {
  if (ticket === undefined) return;
  const timers = MapPrototypeGet(timersOfTasks, ticket);
  if (timers === undefined) {
    MapPrototypeSet(timersOfTasks, ticket, timer);
  } else if (isTimer(timers)) {
    const both = new SafeSet();
    SetPrototypeAdd(both, timers);
    SetPrototypeAdd(both, timer);
    MapPrototypeSet(timersOfTasks, ticket, both);
  } else {
    SetPrototypeAdd(timers, timer);
  }
  resourceState[TIMERS_AND_PORTS]++;
}

function removeFromTask(ticket, timer) {
  const timers = ticket === undefined ? undefined : MapPrototypeGet(timersOfTasks, ticket);
  if (timers === undefined) return;
  if (timers === timer) {
    MapPrototypeDelete(timersOfTasks, ticket);
  } else {
    if (isTimer(timers) || !SetPrototypeDelete(timers, timer)) return;
    if (SetPrototypeGetSize(timers) === 0) MapPrototypeDelete(timersOfTasks, ticket);
  }
  resourceState[TIMERS_AND_PORTS]--;
}

/** Sets deno_core's timer for the first timer that is due, unless it is set for that time or an earlier one. */
function scheduleEngineTimer(now) {
  const entry = first();
  if (entry === undefined) {
    if (engineTimer !== 0) core.cancelTimer(engineTimer);
    engineTimer = 0;
  } else if (engineTimer === 0 || entry.due < engineTimerDue) {
    if (engineTimer !== 0) core.cancelTimer(engineTimer);
    engineTimerDue = entry.due;
    engineTimer = core.queueUserTimer(1, false, MathMax(MathCeil(engineTimerDue - now), 1), runDueTimers);
  }
}

/** Runs the timers that are due now. A timer that a callback sets runs in a later call. */
function runDueTimers() {
  engineTimer = 0;
  resourceState[RUNNING_CALLBACKS] = 1;
  const now = op_isolane_clock();
  let count = 0;
  for (let entry = first(); entry !== undefined && entry.due <= now; entry = first()) {
    if (++count > MAX_CALLBACKS_PER_TURN) {
      resourceState[RUNNING_CALLBACKS] = 0;
      op_isolane_next_turn(runDueTimers);
      return;
    }
    runTimeout(entry.timer, now);
    // Makes code of no task the current one, and runs the microtasks of this callback before the next callback.
    op_isolane_run_microtasks();
  }
  resourceState[RUNNING_CALLBACKS] = 0;
  scheduleEngineTimer(op_isolane_clock());
}

function runCallback(callback, timer, args, ticket) {
  const previous = getAsyncContext();
  setAsyncContext(ticket);
  try {
    ReflectApply(callback, timer, args);
  } catch (error) {
    report(error, ticket);
  } finally {
    setAsyncContext(previous);
  }
}

function checkCallback(callback, name) {
  if (typeof callback === 'function') return;
  throw new TypeError(`Failed to execute '${name}': the callback must be a function, got ${typeof callback}`);
}

/** The methods of both Timeout and Immediate. */
class Timer {
  #referenced = true;

  // The flag has no effect: a task ends when its promise settles, whatever timers it has left.

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
    clearAny(this);
  }
}

class Timeout extends Timer {
  #callback;
  #args;
  #delay;
  #repeats;
  #ticket;
  /** The number that the timer converts to, or 0 before the first conversion. `refresh()` does not change it. */
  #number = 0;
  #entry = new TimerEntry(this);
  #cleared = false;

  constructor(callback, delay, repeats, args) {
    super();
    const number = +delay;
    this.#callback = callback;
    this.#args = args;
    // Browsers raise the delay of nested timers to 4 ms; Node does not.
    this.#delay = number >= 1 && number <= MAX_DELAY ? MathTrunc(number) : 1;
    this.#repeats = repeats;
    this.#ticket = getAsyncContext();
    this.#start();
  }

  #start() {
    if (this.#cleared || isOver(this.#ticket)) return;
    op_isolane_check_stack();
    this.#stop();
    const now = op_isolane_clock();
    resourceState[QUEUE_CHANGING] = 1;
    enqueue(this.#entry, this.#delay, now);
    if (this.#number !== 0) MapPrototypeSet(numberedTimers, this.#number, this);
    addToTask(this.#ticket, this);
    resourceState[QUEUE_CHANGING] = 0;
    scheduleEngineTimer(now);
  }

  #stop() {
    if (this.#entry.list === undefined) return;
    resourceState[QUEUE_CHANGING] = 1;
    remove(this.#entry);
    if (this.#number !== 0) MapPrototypeDelete(numberedTimers, this.#number);
    removeFromTask(this.#ticket, this);
    resourceState[QUEUE_CHANGING] = 0;
  }

  static run(timer, now) {
    if (timer.#repeats) {
      resourceState[QUEUE_CHANGING] = 1;
      remove(timer.#entry);
      enqueue(timer.#entry, timer.#delay, now);
      resourceState[QUEUE_CHANGING] = 0;
    } else {
      timer.#stop();
    }
    runCallback(timer.#callback, timer, timer.#args, timer.#ticket);
  }

  /** Clears a timer, given as the object or its number, for good. Ignores any other value. */
  static clear(timer) {
    if (typeof timer === 'string') timer = +timer;
    if (typeof timer === 'number') timer = MapPrototypeGet(numberedTimers, timer);
    if (typeof timer !== 'object' || timer === null || !(#cleared in timer)) return;
    timer.#cleared = true;
    if (timer.#entry.list === undefined) return;
    op_isolane_check_stack();
    timer.#stop();
    if (engineTimer !== 0 && first() === undefined) scheduleEngineTimer(0);
  }

  static is(timer) {
    return #cleared in timer;
  }

  /** Starts the delay again, also after the callback has run. */
  refresh() {
    this.#start();
    return this;
  }

  close() {
    clear(this);
    return this;
  }

  [SymbolToPrimitive]() {
    if (this.#number === 0) {
      // A counter of the realm: the ids of deno_core's timers would reveal how many timers other realms set.
      this.#number = ++lastNumber;
      if (this.#entry.list !== undefined) MapPrototypeSet(numberedTimers, this.#number, this);
    }
    return this.#number;
  }
}

class Immediate extends Timer {
  #callback;
  #args;
  #ticket;

  constructor(callback, args) {
    super();
    this.#callback = callback;
    this.#args = args;
    this.#ticket = getAsyncContext();
    if (isOver(this.#ticket)) return;
    op_isolane_check_stack();
    SetPrototypeAdd(immediates, this);
    addToTask(this.#ticket, this);
    scheduleTurn();
  }

  #stop() {
    if (SetPrototypeDelete(immediates, this)) removeFromTask(this.#ticket, this);
  }

  static run(immediate) {
    immediate.#stop();
    runCallback(immediate.#callback, immediate, immediate.#args, immediate.#ticket);
  }

  static clear(immediate) {
    if (SetPrototypeHas(immediates, immediate)) immediate.#stop();
  }

  static is(immediate) {
    return #callback in immediate;
  }
}

// As in Node, both prototypes own their methods and inherit from Object.prototype.
ArrayPrototypeForEach(ReflectOwnKeys(Timer.prototype), (key) => {
  if (key === 'constructor') return;
  const method = ObjectGetOwnPropertyDescriptor(Timer.prototype, key);
  ObjectDefineProperty(Timeout.prototype, key, method);
  ObjectDefineProperty(Immediate.prototype, key, method);
  delete Timer.prototype[key];
});
ObjectSetPrototypeOf(Timeout.prototype, ObjectPrototype);
ObjectSetPrototypeOf(Immediate.prototype, ObjectPrototype);

// The static methods are not for tasks, which reach the classes through `timer.constructor`.
const { clear, is: isTimeout, run: runTimeout } = Timeout;
const { clear: clearPendingImmediate, is: isImmediate, run: runImmediate } = Immediate;
delete Timeout.clear;
delete Timeout.is;
delete Timeout.run;
delete Immediate.clear;
delete Immediate.is;
delete Immediate.run;

const isTimer = (value) => isTimeout(value) || isImmediate(value);

/**
 * Asks for a turn of the event loop in which the first immediate runs, unless one is pending. A timer without a delay
 * would take a millisecond. Each immediate has a turn of its own, so that its microtasks run before the next one.
 */
function scheduleTurn() {
  if (pendingTurn !== 0) return;
  pendingTurn = ++turns;
  const previous = getAsyncContext();
  setAsyncContext(undefined);
  runFirstImmediate(pendingTurn);
  setAsyncContext(previous);
}

async function runFirstImmediate(turn) {
  await op_void_async_deferred();
  if (turn !== pendingTurn) return;
  pendingTurn = 0;
  const { value } = new SafeSetIterator(immediates).next();
  if (value === undefined) return;
  // Before the callback: an interrupt may end it, and then nothing after it runs.
  if (SetPrototypeGetSize(immediates) > 1) scheduleTurn();
  runImmediate(value);
}

/** Clears all timers and immediates of a task. */
export function clearAllOf(ticket) {
  const timers = MapPrototypeGet(timersOfTasks, ticket);
  if (timers !== undefined) {
    if (isTimer(timers)) clearAny(timers);
    else SetPrototypeForEach(timers, clearAny);
  }
  // V8 drops all microtasks when it terminates a task, possibly that of the pending turn.
  pendingTurn = 0;
  if (SetPrototypeGetSize(immediates) > 0) scheduleTurn();
  if (resourceState[RUNNING_CALLBACKS] !== 0) {
    // The task was terminated in a callback, so that `runDueTimers` did not set deno_core's timer.
    resourceState[RUNNING_CALLBACKS] = 0;
    scheduleEngineTimer(op_isolane_clock());
  }
}

function clearAny(timer) {
  clear(timer);
  clearPendingImmediate(timer);
}

function clearTimeout(timer) {
  clear(timer);
}

function clearInterval(timer) {
  clear(timer);
}

function clearImmediate(immediate) {
  clearPendingImmediate(immediate);
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
    if (!isOver(ticket)) enqueueMicrotask(() => runCallback(callback, undefined, [], ticket));
  },
};
