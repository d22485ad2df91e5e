'use strict';

// What listeners get for the records of the native pool. src/face/collection.rs writes them.

const { IsolaneError } = require('../errors.js');
const { mb } = require('./metrics.js');
const { mapFault } = require('../modules/script.js');

/** record → [name, details], for records whose event is not just the same with the names of its task. */
const EVENTS = {
  'console-dropped': ({ lines }) => [
    'console',
    { level: 'warn', text: `${lines} console lines were dropped`, dropped: lines },
  ],
  'load-failed': (record, { bundle }) => {
    const { workerId } = record;
    return ['worker-error', { workerId, error: loadError(record, bundle) }];
  },
  crashed: ({ workerId, message }) => {
    const error = new IsolaneError('ERR_WORKER_LOST', `worker ${workerId} crashed: ${message}`, { workerId });
    return ['worker-error', { workerId, error }];
  },
  'memory-alert': ({ workerId, reason, heapUsed, external }, { options }) => {
    const { workerMemoryLimitMB: limitMB, workerRestartMemoryMB: thresholdMB } = options;
    const [heapUsedMB, externalMB] = [mb(heapUsed), mb(external)];
    return ['memory-alert', { workerId, reason, heapUsedMB, externalMB, thresholdMB, limitMB }];
  },
  'zombie-detected': ({ tickets, ...record }, { named }) => {
    const tasks = tickets.map((ticket) => named({ ticket }));
    return ['zombie-detected', { ...record, tasks }];
  },
};

/**
 * @param {{ event: string }} record
 * @param {{ options: object, bundle?: object, named(record: object): object }} pool - `named` puts the
 *   public names of a task in place of its ticket
 * @returns {[name: string, details: object]}
 */
function toEvent({ event, ...record }, pool) {
  return EVENTS[event]?.(record, pool) ?? [event, pool.named(record)];
}

/** Why a worker could not load its script, with the place in the user's files. */
function loadError({ workerId, ...details }, bundle) {
  const { message, file, line, column, stack } = bundle === undefined ? details : mapFault(details, bundle);
  const place = file === undefined || file === null ? '' : [file, line, column].filter(Boolean).join(':');
  const text = place === '' || message.includes(place) ? message : `${message} (${place})`;
  const error = new IsolaneError('ERR_MODULE_LOAD', text, {
    file: file ?? undefined,
    line: line ?? undefined,
    column: column ?? undefined,
    workerId,
  });
  if (stack) error.cause = Object.assign(new Error(message), { stack });
  return error;
}

module.exports = { loadError, toEvent };
