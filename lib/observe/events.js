'use strict';

// The details of the public events, made from the records of the native pool, which src/face/collection.rs writes.

const { IsolaneError } = require('../errors.js');
const { toMB } = require('../units.js');

/**
 * @typedef {object} EventContext
 * @property {object} options - of the pool, complete
 * @property {import('../modules/stack-traces.js').StackTraces} stackTraces
 * @property {(record: object) => object} withTask - replaces the ticket of a task by its id, type and metadata
 */

/** Record → [name, details], for records that become another event or other details. */
const EVENTS = {
  'console-dropped': ({ lines }) => [
    'console',
    { level: 'warn', text: `${lines} console lines were dropped`, dropped: lines },
  ],
  'load-failed': (record, { stackTraces }) => {
    const { workerId } = record;
    return ['worker-error', { workerId, error: stackTraces.loadError(record) }];
  },
  crashed: ({ workerId, message }) => {
    const error = new IsolaneError('ERR_WORKER_LOST', `worker ${workerId} crashed: ${message}`, { workerId });
    return ['worker-error', { workerId, error }];
  },
  'memory-alert': ({ workerId, reason, heapUsed, external }, { options }) => {
    const { workerMemoryLimitMB: limitMB, workerRestartMemoryMB: thresholdMB } = options;
    const [heapUsedMB, externalMB] = [toMB(heapUsed), toMB(external)];
    return ['memory-alert', { workerId, reason, heapUsedMB, externalMB, thresholdMB, limitMB }];
  },
  'zombie-detected': ({ tickets, ...record }, { withTask }) => {
    const tasks = tickets.map((ticket) => withTask({ ticket }));
    return ['zombie-detected', { ...record, tasks }];
  },
};

/**
 * Makes the public event of a record.
 * @param {{ event: string }} record
 * @param {EventContext} context
 * @returns {[name: string, details: object]}
 */
function toEvent({ event, ...record }, context) {
  return EVENTS[event]?.(record, context) ?? [event, context.withTask(record)];
}

module.exports = { toEvent };
