import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { memoryOf } from './memory.mjs';

let gc;

/** Collects all garbage of the main thread. */
export function collect() {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    gc = runInNewContext('gc');
  }
  // What the first finds by finalizers, the second frees.
  gc();
  gc();
}

/** Megabytes of this process and its children (memory.mjs), once the main thread's garbage is gone. */
export function memoryAfterCollection(pids = []) {
  collect();
  return memoryOf([process.pid, ...pids]);
}

/**
 * Watches how long the event loop stands still: a timer of 1 ms is set again and again, and what is between two
 * of its calls beyond that is time in which nothing else could run. Garbage collections count.
 */
export class Blocks {
  #longest = 0;
  #last = performance.now();
  #timer = setTimeout(() => this.#tick(), 1);

  #tick() {
    this.#look();
    this.#timer = setTimeout(() => this.#tick(), 1);
  }

  #look() {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#last - 1);
    this.#last = now;
  }

  /** Ends the watch; the longest block in milliseconds. */
  stop() {
    this.#look();
    clearTimeout(this.#timer);
    return this.#longest;
  }
}
