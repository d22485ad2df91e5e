import { Piscina, queueOptionsSymbol } from 'piscina';
import TinyQueue from 'tinyqueue';
import { closedGate } from '../gate.mjs';
import piscina from './piscina.mjs';

/** A `taskQueue` as its readme asks for, over a binary heap: least priority first, then first come. */
class PriorityQueue {
  #heap = new TinyQueue([], (a, b) => a.priority - b.priority || a.order - b.order);
  #order = 0;

  get size() {
    return this.#heap.length;
  }

  push(task) {
    this.#heap.push({ task, priority: task[queueOptionsSymbol]?.priority ?? 0, order: this.#order++ });
  }

  shift() {
    return this.#heap.pop()?.task ?? null;
  }

  remove(task) {
    this.#heap = new TinyQueue(
      this.#heap.data.filter((entry) => entry.task !== task),
      this.#heap.compare,
    );
  }
}

// What its users write who want priorities.
export default {
  name: 'piscina, priority queue',
  version: piscina.version,
  priorities: true,
  async queue({ handler, workers }) {
    const taskQueue = new PriorityQueue();
    const pool = new Piscina({ filename: handler.href, minThreads: workers, maxThreads: workers, taskQueue });
    const run = (payload) => pool.run(payload);
    return {
      ...closedGate({ run }, workers),
      // The priority is a property of the payload, which has to be an object for that.
      submit: (value, priority) => run({ value, [queueOptionsSymbol]: { priority } }),
      close: () => pool.destroy(),
    };
  },
};
