'use strict';

// Dispatches the records of the native pool to the parts of a pool: results and failures to the tasks, events to the
// parts that they concern and to the listeners, calls to the host functions.

const { toEvent } = require('../observe/events.js');
const { toError, unreadable } = require('./tasks/failure.js');

/** @implements {import('./collection.js').Reader} */
class Dispatcher {
  #options;
  #scriptLoad;
  #stackTraces;
  #tasks;
  #deadLetters;
  #workers;
  #calls;
  #listeners;
  #lifecycle;
  /** For `toEvent`. */
  #eventContext;

  /**
   * @param {object} parts
   * @param {{ console: 'event' | 'inherit' | 'ignore', workerMemoryLimitMB: number }} parts.options - of the pool
   * @param {import('../modules/script-load.js').ScriptLoad} parts.scriptLoad
   * @param {import('../modules/stack-traces.js').StackTraces} parts.stackTraces
   * @param {import('./tasks/pending-tasks.js').PendingTasks} parts.tasks
   * @param {import('./dead-letters.js').DeadLetters} parts.deadLetters
   * @param {import('./workers.js').Workers} parts.workers
   * @param {import('../host/calls.js').Calls} parts.calls
   * @param {import('../observe/listeners.js').Listeners} parts.listeners
   * @param {import('./lifecycle.js').Lifecycle} lifecycle
   */
  constructor({ options, scriptLoad, stackTraces, tasks, deadLetters, workers, calls, listeners }, lifecycle) {
    this.#options = options;
    this.#scriptLoad = scriptLoad;
    this.#stackTraces = stackTraces;
    this.#tasks = tasks;
    this.#deadLetters = deadLetters;
    this.#workers = workers;
    this.#calls = calls;
    this.#listeners = listeners;
    this.#lifecycle = lifecycle;
    this.#eventContext = { options, stackTraces, withTask: (record) => this.#withTask(record) };
    // Not a method that calls it: this is called for each result.
    this.done = tasks.fulfil;
  }

  failed(ticket, failure, isKept, value) {
    const task = this.#tasks.take(ticket);
    if (isKept) this.#deadLetters.add(task);
    let error;
    try {
      error = this.toError(failure, value, task);
    } catch (cause) {
      error = unreadable('error', cause, task);
    }
    this.#tasks.reject(task, error);
  }

  /** A result that cannot be decoded rejects its own task. The results after it are read nevertheless. */
  unreadable(ticket, cause) {
    const task = this.#tasks.take(ticket);
    this.#tasks.reject(task, unreadable('result', cause, task));
  }

  call(call, value) {
    this.#calls.begin(call, value, this.#tasks.get(call.ticket));
  }

  callerOver(ticket, attempt) {
    this.#calls.end(ticket, attempt);
  }

  event(record) {
    // A pool that failed to start may have left events behind in the same reading.
    if (this.#scriptLoad.hasFailed) return;
    const { event } = record;
    if (event === 'closed') {
      this.#lifecycle.close();
      return;
    }
    if (event === 'console' && this.#options.console === 'inherit') {
      console[record.level](record.text);
      return;
    }
    if (event.startsWith('pool-scaled-')) this.#workers.resized(record.to);
    if (this.#scriptLoad.isPending && this.#scriptLoad.handle(record)) {
      this.#lifecycle.discard();
      return;
    }
    const [name, details] = toEvent(record, this.#eventContext);
    if (event === 'dead-letter-dropped') this.#deadLetters.delete(record.ticket);
    this.#listeners.emit(name, details);
    if (event.startsWith('worker-')) this.#workers.review();
  }

  /** Replaces the ticket of a task by its id, type and metadata. */
  #withTask({ ticket, ...record }) {
    if (ticket === undefined || ticket === null) return record;
    const task = this.#tasks.get(ticket) ?? this.#deadLetters.get(ticket);
    return { taskId: task?.id ?? `task-${ticket}`, type: task?.type, metadata: task?.metadata, ...record };
  }

  /**
   * Makes the error of a task, or of one of its attempts, with positions in the user's files.
   * @param {import('./tasks/failure.js').Failure} failure
   * @param {Buffer} value
   * @param {{ id: string, type: string, signal?: AbortSignal }} task
   * @returns {IsolaneError}
   * @throws {Error} when the value cannot be decoded
   */
  toError(failure, value, task) {
    const error = toError(failure, value, task, this.#options.workerMemoryLimitMB);
    if (error.code === 'ERR_TASK_FAILED') this.#stackTraces.rewrite(error.cause);
    return error;
  }
}

module.exports = { Dispatcher };
