// A queue of timers by due time. Timers with the same delay fall due in the order in which they were enqueued, so each
// delay has a linked list of its own, and a binary heap orders the lists by their first entries. Adding and removing
// an entry takes constant time; adding the first or removing the last entry of a delay takes O(log n) time in the
// number of delays.

import { primordials } from 'ext:core/mod.js';

const { MapPrototypeDelete, MapPrototypeGet, MapPrototypeSet, ObjectSetPrototypeOf, SafeMap } = primordials;

/** An entry of the queue. */
export class TimerEntry {
  /** The due time in milliseconds, on the clock of `enqueue`'s `now`. */
  due = 0;
  /** The list that holds the entry; undefined while the entry is not in the queue. */
  list;
  previous;
  next;

  constructor(timer) {
    this.timer = timer;
  }
}

/** The entries of one delay, in the order of their due times. */
class DelayList {
  first;
  last;
  /** The index of the list in `heap`. */
  heapIndex = 0;

  constructor(delay) {
    this.delay = delay;
  }
}

/** The lists by delay. No list is empty. */
const lists = new SafeMap();
/** The lists as a binary min-heap by the due time of their first entry. Without a prototype that tasks can change. */
const heap = ObjectSetPrototypeOf([], null);

const isSooner = (list, other) => list.first.due < other.first.due;

function setAt(index, list) {
  heap[index] = list;
  list.heapIndex = index;
}

function siftUp(list, index) {
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (!isSooner(list, heap[parent])) break;
    setAt(index, heap[parent]);
    index = parent;
  }
  setAt(index, list);
}

function siftDown(list, index) {
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isSooner(heap[child + 1], heap[child])) child++;
    if (!isSooner(heap[child], list)) break;
    setAt(index, heap[child]);
    index = child;
  }
  setAt(index, list);
}

function removeList(list) {
  MapPrototypeDelete(lists, list.delay);
  const last = heap[heap.length - 1];
  heap.length--;
  if (last === list) return;
  siftUp(last, list.heapIndex);
  siftDown(last, last.heapIndex);
}

/** Adds an entry that is not in the queue. `now` must not be less than in any earlier call. */
export function enqueue(entry, delay, now) {
  entry.due = now + delay;
  let list = MapPrototypeGet(lists, delay);
  if (list === undefined) {
    list = new DelayList(delay);
    MapPrototypeSet(lists, delay, list);
    list.first = entry;
    list.last = entry;
    siftUp(list, heap.length);
  } else {
    entry.previous = list.last;
    list.last.next = entry;
    list.last = entry;
  }
  entry.list = list;
}

/** Removes an entry; does nothing where it is not in the queue. */
export function remove(entry) {
  const { list, previous, next } = entry;
  if (list === undefined) return;
  entry.list = undefined;
  entry.previous = undefined;
  entry.next = undefined;
  if (next === undefined) list.last = previous;
  else next.previous = previous;
  if (previous !== undefined) {
    previous.next = next;
  } else if (next === undefined) {
    removeList(list);
  } else {
    list.first = next;
    siftDown(list, list.heapIndex);
  }
}

/** Returns the entry that is due first, or undefined where the queue is empty. */
export const first = () => (heap.length === 0 ? undefined : heap[0].first);
