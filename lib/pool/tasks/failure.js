'use strict';

// The errors that promises of tasks are rejected with, made from the status codes of src/face/collection.rs.

const { textOf } = require('../../values/clone.js');
const { decode } = require('../../values/wire.js');
const { IsolaneError } = require('../../errors.js');
const { count } = require('../../units.js');

/**
 * What the native pool reports of a task, or of an attempt, that failed.
 * @typedef {object} Failure
 * @property {number} status - index in `FAILURES`
 * @property {number} attempts - that were started
 * @property {number} figure - the limit that was exceeded, or the time until a circuit breaker's next test, in ms
 */

const round = (ms) => Math.round(ms * 10) / 10;

/** For each status, the parts of the error: [code, message, cause, properties]. */
const FAILURES = [
  undefined,
  (failure, value) => taskFailed(failure, decode(value)),
  (failure, value) => taskFailed(failure, decode(value)),
  (_, value) => ['ERR_NO_HANDLER', value.utf8Slice()],
  (_, value) => ['ERR_DATA_CLONE', value.utf8Slice()],
  ({ figure }) => ['ERR_QUEUE_FULL', `queue is full (limit ${figure})`],
  ({ figure }) => ['ERR_QUEUE_TIMEOUT', `task waited too long to start (${round(figure)} ms)`],
  ({ figure }) => ['ERR_TASK_TIMEOUT', `task ran too long (limit ${round(figure)} ms)`],
  (_, __, { memoryLimitMB }) => [
    'ERR_MEMORY_LIMIT',
    `task went over the memory of its isolate (limit ${memoryLimitMB} MB)`,
  ],
  () => ['ERR_TASK_ABORTED', 'task was aborted'],
  ({ attempts }) => [
    'ERR_WORKER_LOST',
    attempts === 0 ? 'no worker is left to run the task' : `worker was lost (${count(attempts, 'attempt')})`,
  ],
  () => ['ERR_POOL_CLOSED', 'pool is closed'],
  ({ figure }, _, { type }) => [
    'ERR_CIRCUIT_OPEN',
    `tasks of type ${JSON.stringify(type)} failed too often in a row; the next one is let through in ${round(figure)} ms`,
    undefined,
    { retryAfterMs: figure },
  ],
];

function taskFailed({ attempts }, cause) {
  const text = cause instanceof Error ? `${textOf(cause.name)}: ${textOf(cause.message)}` : textOf(cause);
  return ['ERR_TASK_FAILED', `task failed after ${count(attempts, 'attempt')}: ${text}`, cause];
}

/**
 * Makes the error of a task or of one of its attempts.
 * @param {Failure} failure
 * @param {Buffer} value - what the task threw, encoded, or the message as UTF-8, depending on the status
 * @param {{ id: string, type: string, signal?: AbortSignal }} task
 * @param {number} memoryLimitMB - of the pool's isolates
 * @returns {IsolaneError}
 * @throws {Error} when the value cannot be decoded
 */
function toError(failure, value, task, memoryLimitMB) {
  const context = { memoryLimitMB, type: task.type };
  const [code, message, cause, properties] = FAILURES[failure.status](failure, value, context);
  return new IsolaneError(code, message, {
    cause: code === 'ERR_TASK_ABORTED' ? task.signal?.reason : cause,
    taskId: task.id,
    type: task.type,
    attempts: failure.attempts,
    ...properties,
  });
}

/**
 * Makes the error of a task whose result or error cannot be decoded.
 * @param {'result' | 'error'} what
 * @param {Error} cause
 * @param {{ id: string, type: string }} task
 * @returns {IsolaneError} ERR_DATA_CLONE
 */
function unreadable(what, cause, { id: taskId, type }) {
  return new IsolaneError('ERR_DATA_CLONE', `${what} cannot be read: ${cause.message}`, { cause, taskId, type });
}

module.exports = { toError, unreadable };
