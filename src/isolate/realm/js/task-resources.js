// What belongs to a task beside its code, and goes with it: a task that is over begins nothing new, its
// message ports are closed, and the operations that it has under way are counted until they settle. Those
// behind the airlock are seen to there.

import { core, primordials } from 'ext:core/mod.js';
import { op_isolane_count, op_isolane_is_over, op_message_port_create_entangled } from 'ext:core/ops';

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

/** What Rust reads without a call. A task that ends is released where not all of it is 0. */
export const live = new Uint32Array(3);
/** How many timers and ports there are. */
export const TIMERS_AND_PORTS = 0;
/** Callbacks of timers run, or one of them was interrupted. */
export const FIRING = 1;
/** What waits is being changed. Where that was interrupted it is in no order, and the isolate is given up. */
export const CHANGING = 2;

/** Whether code runs that a task has left behind. */
export function isOver(ticket) {
  return ticket !== undefined && op_isolane_is_over(ticket);
}

/** Makes of an asynchronous function one that never settles for a task that is over, and does nothing. */
export function guard(operation) {
  function guarded(...args) {
    const ticket = getAsyncContext();
    if (ticket === undefined) return ReflectApply(operation, this, args);
    if (op_isolane_is_over(ticket)) return new Promise(() => {});
    const promise = ReflectApply(operation, this, args);
    count(promise);
    return promise;
  }
  ObjectDefineProperty(guarded, 'name', { __proto__: null, value: operation.name });
  ObjectDefineProperty(guarded, 'length', { __proto__: null, value: operation.length });
  return guarded;
}

// `await` and not `then`, which looks up a constructor that a task may have replaced.
async function count(promise) {
  op_isolane_count(true);
  try {
    await promise;
  } catch {
    // Whoever began it has the error.
  } finally {
    op_isolane_count(false);
  }
}

/** The ports of each task by their resource numbers. */
const ports = new SafeMap();

/** Makes two ports that belong to the task that runs. */
export function createPorts() {
  const pair = op_message_port_create_entangled();
  const ticket = getAsyncContext();
  if (ticket !== undefined) {
    let list = MapPrototypeGet(ports, ticket);
    if (list === undefined) MapPrototypeSet(ports, ticket, (list = []));
    ArrayPrototypePush(list, pair[0], pair[1]);
    live[TIMERS_AND_PORTS] += 2;
  }
  return pair;
}

/** Closes the ports of a task; one that was transferred has another number and is not among them. */
export function closePortsOf(ticket) {
  const list = MapPrototypeGet(ports, ticket);
  if (list === undefined) return;
  MapPrototypeDelete(ports, ticket);
  live[TIMERS_AND_PORTS] -= list.length;
  ArrayPrototypeForEach(list, (port) => core.tryClose(port));
}
