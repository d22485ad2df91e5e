'use strict';

// `pool.map`: runs a task for each item of an iterable, and gives the results in the order of the items. It limits how
// many tasks are submitted whose result was not read.

const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const check = require('../options/check.js');
const { IsolaneError, invalid } = require('../errors.js');

/** Delay before a task is submitted again that the full queue has refused. */
const RETRY_MS = 10;

/**
 * Checks the arguments of `pool.map` and starts it.
 * @param {import('./worker-pool.js').WorkerPool} pool
 * @param {Iterable<unknown> | AsyncIterable<unknown>} items
 * @param {(item: unknown, index: number) => object | Promise<object>} toTask
 * @param {{ concurrency?: number, signal?: AbortSignal }} options - `concurrency` counts the tasks whose items were
 *   taken from the source and whose results were not read yet
 * @param {number} defaultConcurrency
 * @returns {AsyncGenerator<unknown>}
 * @throws {IsolaneError} ERR_INVALID_ARG
 */
function mapTasks(pool, items, toTask, options, defaultConcurrency) {
  const isIterable = items?.[Symbol.asyncIterator] !== undefined || items?.[Symbol.iterator] !== undefined;
  if (!isIterable) throw invalid('items', items, 'an iterable or async iterable');
  if (typeof toTask !== 'function') throw invalid('toTask', toTask, 'a function that gives a task for an item');
  check.object('options', options);
  check.noOthers('options', options, ['concurrency', 'signal']);
  const { concurrency = defaultConcurrency, signal } = options;
  check.integer(1)('options.concurrency', concurrency);
  if (signal !== undefined) check.signal('options.signal', signal);
  return results(pool, items, toTask, { concurrency, signal });
}

async function* results(pool, items, toTask, { concurrency, signal }) {
  const source = new TaskSource(items, toTask);
  const end = new AbortController();
  const queueDrained = drainWaiter(pool, end.signal);
  /** Promises of { value } or { error }, which never reject, in the order of the items. */
  const inFlight = [];
  let isPumping = false;
  let wake = () => {};

  const add = (promise) => {
    inFlight.push(promise.then(value, error));
    wake();
  };
  const value = (value) => ({ value });
  const error = (error) => ({ error });

  /** The tasks in flight reject by themselves. The rejection that is added here stands for the items after them. */
  const abort = () => {
    end.abort(signal.reason);
    if (source.ended) return;
    add(Promise.reject(new IsolaneError('ERR_TASK_ABORTED', 'map was aborted', { cause: signal.reason })));
  };

  /** Submits tasks while fewer than `concurrency` are in flight. An error of the source comes in order, as a result. */
  const pump = async () => {
    isPumping = true;
    try {
      while (!source.ended && inFlight.length < concurrency) {
        await queueDrained();
        if (end.signal.aborted) return;
        const next = await source.next();
        if (next !== undefined) add(submit(pool, next.task, queueDrained, end.signal));
      }
    } catch (error) {
      add(Promise.reject(error));
    } finally {
      isPumping = false;
      wake();
    }
  };

  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    for (;;) {
      if (!isPumping) pump();
      while (inFlight.length === 0 && isPumping) {
        await new Promise((resolve) => {
          wake = resolve;
        });
      }
      if (inFlight.length === 0) return;
      const outcome = await inFlight[0];
      inFlight.shift();
      if ('error' in outcome) throw outcome.error;
      yield outcome.value;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    end.abort();
    await source.close(isPumping);
  }
}

/** The tasks of an iterable. */
class TaskSource {
  ended = false;
  #iterator;
  #toTask;
  #index = 0;
  /** Whether the iterator has ended or thrown: its `return` is not called then. */
  #exhausted = false;

  constructor(items, toTask) {
    this.#iterator = items[Symbol.asyncIterator]?.() ?? items[Symbol.iterator]();
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

  /**
   * Ends the iteration.
   * @param {boolean} isBusy - `next` has not returned: the iterator may not answer before that, so its end is not awaited
   */
  async close(isBusy) {
    if (this.ended && this.#exhausted) return;
    this.ended = true;
    const closed = Promise.resolve(this.#iterator.return?.());
    if (isBusy) closed.catch(() => {});
    else await closed;
  }
}

/** Makes a function that resolves when the queue takes tasks, or the signal is aborted. */
function drainWaiter(pool, signal) {
  // All callers share one listener.
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

/** Submits a task, again and again while the queue is full: others may have filled it in between. */
async function submit(pool, task, queueDrained, end) {
  const signal = task?.signal instanceof AbortSignal ? AbortSignal.any([task.signal, end]) : end;
  for (;;) {
    try {
      return await pool.submitTask(task, { signal });
    } catch (error) {
      if (error.code !== 'ERR_QUEUE_FULL') throw error;
      await sleep(RETRY_MS);
      await queueDrained();
    }
  }
}

module.exports = { mapTasks };
