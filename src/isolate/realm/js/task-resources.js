// What a task owns besides its code, and loses when it ends: message ports, timers (`timers.js`) and operations. A task
// that is over starts no operation, its ports are closed, and each operation that it started is counted until it
// settles. The airlock does the same for ops of deno_core.

import { core, primordials } from 'ext:core/mod.js';
import { op_isolane_count_operation, op_isolane_is_over, op_message_port_create_entangled } from 'ext:core/ops';

const {
  ArrayPrototypeForEach,
  ArrayPrototypePush,
  MapPrototypeDelete,
  MapPrototypeGet,
  MapPrototypeSet,
  ObjectDefineProperty,
  Promise,
  ReflectApply,
  SafeMap,
  Uint32Array,
} = primordials;
const { getAsyncContext } = core;

/**
 * State that Rust reads without a call (`realm/functions.rs`). Where an element is not 0, Rust calls `release` when a
 * task ends.
 */
export const resourceState = new Uint32Array(3);
/** The index of the number of timers and ports of tasks. */
export const TIMERS_AND_PORTS = 0;
/** The index of a flag: timer callbacks are running, or one of them was interrupted. */
export const RUNNING_CALLBACKS = 1;
/**
 * The index of a flag: the timer queue is being changed. An interrupt at that moment leaves it inconsistent, and Rust
 * replaces the isolate.
 */
export const QUEUE_CHANGING = 2;

/** Whether a task is over. Its code may still run. */
export function isOver(ticket) {
  return ticket !== undefined && op_isolane_is_over(ticket);
}

/**
 * Wraps an asynchronous function: its promise is counted until it settles. For a task that is over, the wrapper does
 * nothing and returns a promise that never settles.
 */
export function guardOperation(operation) {
  function guarded(...args) {
    const ticket = getAsyncContext();
    if (ticket === undefined) return ReflectApply(operation, this, args);
    if (op_isolane_is_over(ticket)) return new Promise(() => {});
    const promise = ReflectApply(operation, this, args);
    countUntilSettled(promise);
    return promise;
  }
  ObjectDefineProperty(guarded, 'name', { __proto__: null, value: operation.name });
  ObjectDefineProperty(guarded, 'length', { __proto__: null, value: operation.length });
  return guarded;
}

// `await` instead of `then()`: the latter looks up a constructor that a task may have replaced.
/** Counts an operation as pending until its promise settles. */
async function countUntilSettled(promise) {
  op_isolane_count_operation(true);
  try {
    await promise;
  } catch {
    // The caller has the same promise, and with it the error.
  } finally {
    op_isolane_count_operation(false);
  }
}

/** The resource ids of the ports of each task, by ticket. */
const portsOfTasks = new SafeMap();

/** Creates an entangled pair of ports. They belong to the current task. */
export function createPorts() {
  const pair = op_message_port_create_entangled();
  const ticket = getAsyncContext();
  if (ticket !== undefined) {
    let list = MapPrototypeGet(portsOfTasks, ticket);
    if (list === undefined) MapPrototypeSet(portsOfTasks, ticket, (list = []));
    ArrayPrototypePush(list, pair[0], pair[1]);
    resourceState[TIMERS_AND_PORTS] += 2;
  }
  return pair;
}

/** Closes the ports of a task. A port that was transferred has another id and is not closed. */
export function closePortsOf(ticket) {
  const list = MapPrototypeGet(portsOfTasks, ticket);
  if (list === undefined) return;
  MapPrototypeDelete(portsOfTasks, ticket);
  resourceState[TIMERS_AND_PORTS] -= list.length;
  ArrayPrototypeForEach(list, (port) => core.tryClose(port));
}
