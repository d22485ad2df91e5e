/** Tasks that one worker may hold: keeps both sides busy without piling messages up on its way. */
const DEPTH = 64;

/** First come, first served; what was taken is forgotten when the queue is empty. */
class Fifo {
  #items = [];
  #head = 0;

  get length() {
    return this.#items.length - this.#head;
  }

  push(item) {
    this.#items.push(item);
  }

  pop() {
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head === this.#items.length) this.#items.length = this.#head = 0;
    return item;
  }
}

/**
 * What one writes by hand over workers that take messages and answer them: the worker that holds the least gets
 * the task, none holds more than `depth`, answers find their task by its number. A worker is `{ post(message,
 * transfer), onMessage(listen), onLost(listen) }`; it answers `[id, payload]` with `[id, result]` or
 * `[id, undefined, error]`.
 */
export class Pipeline {
  #lanes;
  #depth;
  #pending = new Map();
  #waiting;
  #lastId = 0;

  constructor(workers, { depth = DEPTH, queue = new Fifo() } = {}) {
    this.#depth = depth;
    this.#waiting = queue;
    this.#lanes = workers.map((worker) => ({ worker, held: 0 }));
    for (const lane of this.#lanes) {
      lane.worker.onMessage((message) => this.#settle(lane, message));
      lane.worker.onLost((why) => this.#lost(lane, why));
    }
  }

  run(payload, { transfer, priority } = {}) {
    return new Promise((resolve, reject) => {
      const task = { payload, transfer, priority, order: this.#lastId++, resolve, reject, lane: undefined };
      const least = this.#least();
      if (least.held < this.#depth) this.#send(least, task);
      else this.#waiting.push(task);
    });
  }

  #least() {
    let least = this.#lanes[0];
    for (const lane of this.#lanes) if (lane.held < least.held) least = lane;
    return least;
  }

  #send(lane, task) {
    task.lane = lane;
    lane.held++;
    this.#pending.set(task.order, task);
    lane.worker.post([task.order, task.payload], task.transfer);
  }

  #settle(lane, [id, result, error]) {
    const task = this.#pending.get(id);
    this.#pending.delete(id);
    lane.held--;
    if (this.#waiting.length > 0) this.#send(lane, this.#waiting.pop());
    if (error === undefined || error === null) task.resolve(result);
    else task.reject(new Error(error));
  }

  #lost(lane, why) {
    for (const [id, task] of this.#pending) {
      if (task.lane !== lane) continue;
      this.#pending.delete(id);
      task.reject(new Error(`a worker ended (${why})`));
    }
  }
}
