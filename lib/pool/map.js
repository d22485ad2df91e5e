'use strict';

// pool.map: tasks for what an iterable gives, results in its order, and never more than so many at once.

const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { IsolaneError } = require('../errors.js');

/** How long to wait for room in a queue that has no length at all. */
const MOMENT_MS = 10;

/**
 * @param {import('./worker-pool.js').WorkerPool} pool
 * @param {Iterable<unknown> | AsyncIterable<unknown>} source
 * @param {(item: unknown, index: number) => object} toTask
 * @param {{ concurrency: number, signal?: AbortSignal }} options - `concurrency` counts tasks that were
 *   taken from the source and whose result was not read yet
 */
async function* mapTasks(pool, source, toTask, { concurrency, signal }) {
  const feed = new Feed(source, toTask);
  const end = new AbortController();
  const room = waitsForRoom(pool, end.signal);
  /** In the order of the source; each is an outcome, { value } or { error }, that never rejects. */
  const flights = [];
  let pumping = false;
  let wake = () => {};

  const launch = (promise) => {
    flights.push(promise.then(value, error));
    wake();
  };
  const value = (value) => ({ value });
  const error = (error) => ({ error });

  /** What is in flight says so itself; what would have followed does here. */
  const abort = () => {
    end.abort(signal.reason);
    if (feed.ended) return;
    launch(Promise.reject(new IsolaneError('ERR_TASK_ABORTED', 'map was aborted', { cause: signal.reason })));
  };

  /** Takes from the source while there is room. What goes wrong with it has its place among the results. */
  const pump = async () => {
    pumping = true;
    try {
      while (!feed.ended && flights.length < concurrency) {
        await room();
        if (end.signal.aborted) return;
        const next = await feed.next();
        if (next !== undefined) launch(submit(pool, next.task, room, end.signal));
      }
    } catch (error) {
      launch(Promise.reject(error));
    } finally {
      pumping = false;
      wake();
    }
  };

  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      if (!pumping) pump();
      while (flights.length === 0 && pumping) {
        await new Promise((resolve) => {
          wake = resolve;
        });
      }
      if (flights.length === 0) return;
      const outcome = await flights[0];
      flights.shift();
      if ('error' in outcome) throw outcome.error;
      yield outcome.value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    end.abort();
    await feed.close(pumping);
  }
}

/** The tasks of a source. */
class Feed {
  /** Nothing more comes. */
  ended = false;
  #iterator;
  #toTask;
  #index = 0;
  /** The source itself came to its end, or broke: it is not told to end. */
  #exhausted = false;

  constructor(source, toTask) {
    this.#iterator = source[Symbol.asyncIterator]?.() ?? source[Symbol.iterator]();
    this.#toTask = toTask;
  }

  /** @returns {Promise<{ task: unknown } | undefined>} undefined at the end */
  async next() {
    try {
      const item = await this.#pull();
      return item && { task: await this.#toTask(item.value, this.#index++) };
    } catch (error) {
      this.ended = true;
      throw error;
    }
  }

  async #pull() {
    this.#exhausted = true;
    const item = await this.#iterator.next();
    this.ended = item.done;
    this.#exhausted = item.done;
    return item.done ? undefined : item;
  }

  /** @param {boolean} isBusy - a source that is at work may not answer before it is done with that */
  async close(isBusy) {
    if (this.ended && this.#exhausted) return;
    this.ended = true;
    const closed = Promise.resolve(this.#iterator.return?.());
    if (isBusy) closed.catch(() => {});
    else await closed;
  }
}

/** Makes a function that resolves when the queue takes tasks, or nobody waits for it any more. */
function waitsForRoom(pool, signal) {
  // However many wait, they share one listener.
  let drained;
  const wait = () =>
    once(pool, 'drain', { signal })
      .catch(() => {})
      .finally(() => {
        drained = undefined;
      });
  return async () => {
    while (pool.needsDrain && !signal.aborted) {
      drained ??= wait();
      await drained;
    }
  };
}

/** Submits a task; where others have filled the queue in between, again. */
async function submit(pool, task, room, end) {
  const signal = task?.signal instanceof AbortSignal ? AbortSignal.any([task.signal, end]) : end;
  for (;;) {
    try {
      return await pool.submitTask(task, { signal });
    } catch (error) {
      if (error.code !== 'ERR_QUEUE_FULL') throw error;
      await sleep(MOMENT_MS);
      await room();
    }
  }
}

module.exports = { mapTasks };
