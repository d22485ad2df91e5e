'use strict';

// The tasks that are not settled: submits them, and settles their promises. It owns what a task holds on this side
// until then: its promise, its id, its listener on an AbortSignal, and its calls of host functions.

const { IsolaneError, invalid } = require('../../errors.js');
const { cloneError } = require('../../options/task.js');
const { Signals } = require('./signals.js');
const { Tickets } = require('./tickets.js');

class PendingTasks {
  #tickets = new Tickets();
  /** Ids that users gave to tasks which are not settled. */
  #ids = new Set();
  #signals;
  #submission;
  #calls;
  #onBusy;
  #onIdle;
  #isClosed = false;

  /**
   * @param {import('../../native/binding.js').NativePool} native
   * @param {import('../submission.js').Submission} submission
   * @param {import('../../host/calls.js').Calls} calls
   * @param {object} on
   * @param {() => void} on.onBusy - called when there is a task after there was none
   * @param {() => void} on.onIdle - called when the last task is settled
   */
  constructor(native, submission, calls, { onBusy, onIdle }) {
    this.#submission = submission;
    this.#calls = calls;
    this.#onBusy = onBusy;
    this.#onIdle = onIdle;
    this.#signals = new Signals((tickets) => {
      submission.flush();
      for (const ticket of tickets) native.abort(ticket);
    });
  }

  get size() {
    return this.#tickets.size;
  }

  /** @returns {import('./tickets.js').PendingTask | undefined} */
  get(ticket) {
    return this.#tickets.get(ticket);
  }

  /** Whether a task that is not settled has this id. */
  hasId(id) {
    return this.#ids.has(id);
  }

  /** Refuses further tasks. */
  close() {
    this.#isClosed = true;
  }

  /**
   * Submits a task. Either it is added, or this throws and nothing has changed.
   * @param {number} ticket
   * @param {ReturnType<typeof import('../../options/task.js').resolveTask>} task
   * @param {((value: unknown) => void) | import('./batch.js').Batch} waiter
   * @throws {IsolaneError} ERR_POOL_CLOSED, ERR_INVALID_ARG, ERR_TASK_ABORTED, ERR_DATA_CLONE
   */
  submit(ticket, task, waiter) {
    if (this.#isClosed) throw new IsolaneError('ERR_POOL_CLOSED', 'pool is closed', { taskId: task.id });
    const { id, type, metadata, signal } = task;
    if (id !== undefined && this.#ids.has(id)) {
      throw invalid('task.id', id, 'unique among the tasks that are not settled');
    }
    const taskId = () => id ?? `task-${ticket}`;
    if (signal?.aborted) throw abortError(signal.reason, taskId(), type);
    try {
      this.#submission.add(ticket, task);
    } catch (cause) {
      throw cloneError(task, taskId(), cause);
    }
    // Nothing throws from here on.
    if (id !== undefined) this.#ids.add(id);
    if (signal !== undefined) this.#signals.register(signal, ticket);
    const isPlain = id === undefined && metadata === undefined && signal === undefined;
    this.#tickets.add(ticket, waiter, type, isPlain ? undefined : { id, metadata, signal });
    if (this.#tickets.size === 1) this.#onBusy();
    this.#submission.schedule();
  }

  /** Adds a task that the native pool has already, such as a dead letter that is retried. */
  add(ticket, waiter, type, id, metadata) {
    this.#ids.add(id);
    this.#tickets.add(ticket, waiter, type, { id, metadata });
  }

  /**
   * Removes a task and releases its id, its signal and its calls. Its promise is left to the caller.
   * @param {number} ticket - of a task that is not settled
   * @returns {import('./tickets.js').PendingTask}
   */
  take(ticket) {
    const task = this.#tickets.take(ticket);
    if (task.more !== undefined) {
      const { id, signal } = task.more;
      if (id !== undefined) this.#ids.delete(id);
      if (signal !== undefined) this.#signals.unregister(signal, ticket);
    }
    this.#calls.end(ticket);
    return task;
  }

  /** Fulfils the promise of a task and removes the task. Called by Collection for each result. */
  fulfil = (ticket, value) => {
    const { waiter } = this.take(ticket);
    if (typeof waiter === 'function') waiter(value);
    else waiter.fulfil(ticket, value);
    if (this.#tickets.size === 0) this.#onIdle();
  };

  /**
   * Rejects the promise of a task.
   * @param {import('./tickets.js').PendingTask} task - that `take` has returned
   * @param {Error} error
   */
  reject({ ticket, waiter }, error) {
    if (typeof waiter === 'function') reject(waiter, error);
    else waiter.reject(ticket, error);
    if (this.#tickets.size === 0) this.#onIdle();
  }
}

/**
 * Rejects a promise by its `resolve` function. So a task keeps one function of its promise instead of two.
 * @param {(value: unknown) => void} resolve
 * @param {unknown} error
 */
const reject = (resolve, error) => resolve(Promise.reject(error));

function abortError(reason, taskId, type) {
  return new IsolaneError('ERR_TASK_ABORTED', 'task was aborted', { cause: reason, taskId, type });
}

module.exports = { PendingTasks, reject };
