// Timers that know their task: a task that is over takes its timers with it and sets no new ones, and an
// error thrown in a callback is reported to the task that set the timer.

import { core, primordials } from 'ext:core/mod.js';
import { enqueueMicrotask } from 'ext:core/ops';
import { TIMERS_AND_PORTS, isOver, live } from 'ext:isolane/belongings.js';

const {
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  NumberIsFinite,
  ReflectApply,
  SafeMap,
  SafeSet,
  SetPrototypeAdd,
  SetPrototypeDelete,
  SetPrototypeForEach,
  TypeError,
} = primordials;
const { getAsyncContext, setAsyncContext } = core;

// What Node and browsers do with a delay that does not fit into 31 bits.
export const MAX_DELAY = 2 ** 31 - 1;

/** No timer has it, so clearing it does nothing. */
const NO_TIMER = 0;

/** Timers of each task, by its ticket; those of no task are not in here. */
const owned = new SafeMap();
const ownerOf = new SafeMap();

let report = () => {};
export function onError(callback) {
  report = callback;
}

function own(ticket, id) {
  if (ticket === undefined) return;
  let ids = MapPrototypeGet(owned, ticket);
  if (ids === undefined) MapPrototypeSet(owned, ticket, (ids = new SafeSet()));
  SetPrototypeAdd(ids, id);
  MapPrototypeSet(ownerOf, id, ticket);
  live[TIMERS_AND_PORTS]++;
}

function disown(id) {
  const ticket = MapPrototypeGet(ownerOf, id);
  if (ticket === undefined) return;
  MapPrototypeDelete(ownerOf, id);
  const ids = MapPrototypeGet(owned, ticket);
  SetPrototypeDelete(ids, id);
  if (ids.size === 0) MapPrototypeDelete(owned, ticket);
  live[TIMERS_AND_PORTS]--;
}

function start(name, repeat, callback, delay, args) {
  if (typeof callback !== 'function') {
    throw new TypeError(`Failed to execute '${name}': the callback must be a function, got ${typeof callback}`);
  }
  const number = +delay;
  // Not nested as in browsers, which hold nested timers back to 4 ms: Node does not.
  const ms = NumberIsFinite(number) && number >= 1 && number <= MAX_DELAY ? number : 1;
  const ticket = getAsyncContext();
  if (isOver(ticket)) return NO_TIMER;
  const id = core.queueUserTimer(1, repeat, ms, () => {
    if (!repeat) disown(id);
    runAs(ticket, callback, args);
  });
  own(ticket, id);
  return id;
}

function clear(id) {
  if (typeof id !== 'number') return;
  disown(id);
  core.cancelTimer(id);
}

/** Runs a callback after the code that runs now, as the same task. */
function queueMicrotask(callback) {
  if (typeof callback !== 'function') {
    throw new TypeError(`Failed to execute 'queueMicrotask': the callback must be a function, got ${typeof callback}`);
  }
  const ticket = getAsyncContext();
  if (isOver(ticket)) return;
  enqueueMicrotask(() => runAs(ticket, callback, []));
}

/** Calls a function as a task, and reports what it throws to it. */
function runAs(ticket, callback, args) {
  const before = getAsyncContext();
  setAsyncContext(ticket);
  try {
    ReflectApply(callback, globalThis, args);
  } catch (error) {
    report(error, ticket);
  } finally {
    setAsyncContext(before);
  }
}

/** Cancels every timer of a task. */
export function clearAllOf(ticket) {
  const ids = MapPrototypeGet(owned, ticket);
  if (ids === undefined) return;
  SetPrototypeForEach(ids, (id) => {
    MapPrototypeDelete(ownerOf, id);
    core.cancelTimer(id);
    live[TIMERS_AND_PORTS]--;
  });
  MapPrototypeDelete(owned, ticket);
}

export const globals = {
  setTimeout: (callback, delay = 0, ...args) => start('setTimeout', false, callback, delay, args),
  setInterval: (callback, delay = 0, ...args) => start('setInterval', true, callback, delay, args),
  setImmediate: (callback, ...args) => start('setImmediate', false, callback, 0, args),
  clearTimeout: clear,
  clearInterval: clear,
  clearImmediate: clear,
  queueMicrotask,
};
