// What is to happen when, in its order. Things of one delay fall due in the order in which they began to wait:
// so each delay has a list, and what is next is the first of one of them. Beginning to wait and ceasing to take
// the same time, however many wait; only a delay that nothing else has costs more, with the number of delays.

import { primordials } from 'ext:core/mod.js';

const { MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, ObjectSetPrototypeOf, SafeMap } = primordials;

/** What waits: `due` is when, in milliseconds; `list` is where, or undefined while it does not wait. */
export class Deadline {
  due = 0;
  list;
  before;
  after;

  constructor(timer) {
    this.timer = timer;
  }
}

class List {
  first;
  last;
  /** In `order`. */
  place = 0;

  constructor(delay) {
    this.delay = delay;
  }
}

const lists = new SafeMap();
/** The lists as a binary heap: none is before one whose first is due sooner. None is empty. */
const order = ObjectSetPrototypeOf([], null);

const isSooner = (list, other) => list.first.due < other.first.due;

function put(list, place) {
  order[place] = list;
  list.place = place;
}

function rise(list, place) {
  while (place > 0) {
    const above = (place - 1) >> 1;
    if (!isSooner(list, order[above])) break;
    put(order[above], place);
    place = above;
  }
  put(list, place);
}

function sink(list, place) {
  for (;;) {
    let below = 2 * place + 1;
    if (below >= order.length) break;
    if (below + 1 < order.length && isSooner(order[below + 1], order[below])) below++;
    if (!isSooner(order[below], list)) break;
    put(order[below], place);
    place = below;
  }
  put(list, place);
}

function drop(list) {
  MapPrototypeDelete(lists, list.delay);
  const last = order[order.length - 1];
  order.length--;
  if (last === list) return;
  rise(last, list.place);
  sink(last, last.place);
}

/** Has it wait from now on, which is no earlier than it was for any other. */
export function wait(deadline, delay, now) {
  deadline.due = now + delay;
  let list = MapPrototypeGet(lists, delay);
  if (list === undefined) {
    list = new List(delay);
    MapPrototypeSet(lists, delay, list);
    list.first = deadline;
    list.last = deadline;
    rise(list, order.length);
  } else {
    deadline.before = list.last;
    list.last.after = deadline;
    list.last = deadline;
  }
  deadline.list = list;
}

/** Has it wait no longer. */
export function leave(deadline) {
  const { list, before, after } = deadline;
  if (list === undefined) return;
  deadline.list = undefined;
  deadline.before = undefined;
  deadline.after = undefined;
  if (after === undefined) list.last = before;
  else after.before = before;
  if (before !== undefined) {
    before.after = after;
  } else if (after === undefined) {
    drop(list);
  } else {
    list.first = after;
    sink(list, list.place);
  }
}

/** What is due first, or undefined where nothing waits. */
export const next = () => (order.length === 0 ? undefined : order[0].first);
