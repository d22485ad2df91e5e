'use strict';

// The tasks that users submit: checks them, and brings them into the form that lib/pool/submission.js writes.

const check = require('./check.js');
const { IsolaneError, invalid } = require('../errors.js');
const { TASK_DEFAULTS } = require('./defaults.js');
const { transferList } = require('../values/transfer.js');
const { uncloneableMessage } = require('../values/wire.js');

const priority = check.integer(0, 100);
const milliseconds = check.duration(0);
const timeout = check.duration(1);
const retries = check.integer(0, 1_000_000);

/** Field → check, for the fields that both a task and the second argument of submitTask may have. */
const SETTINGS = {
  priority,
  timeout,
  queueTimeout: timeout,
  maxRetries: retries,
  retryBackoffMs: milliseconds,
  delay: milliseconds,
  signal: check.signal,
  id: check.text,
  metadata: (_, value) => value,
  transfer: transferList,
  isolation: (field, value, isolation) => isolation.check(field, value),
};
const SETTING_NAMES = Object.keys(SETTINGS);
const HANDLER_FIELDS = ['type', 'payload', ...SETTING_NAMES];
const CODE_FIELDS = ['type', 'code', 'inputs', 'config', ...SETTING_NAMES];

/** The types of code tasks: `'javascript'` and `'filter'`, with or without a scope such as `'@scope/'`. */
const CODE_TYPE = /^(?:@[^/]+\/)?(javascript|filter)$/;

/**
 * Checks a task.
 * @param {object} task
 * @param {object | undefined} options - settings that override those of the task
 * @param {import('./isolation.js').Isolation} isolation - of the pool
 * @returns {{ kind: 'handler' | 'javascript' | 'filter', type: string, priority: number, isolation: number,
 *   code?: string, value: unknown, root: string, hasSettings: boolean, id?: string, signal?: AbortSignal,
 *   metadata?: unknown, transfer?: ArrayBuffer[] }} `hasSettings` is false where the task has none of `SETTINGS`;
 *   `root` is what paths in messages about `value` start with
 * @throws {IsolaneError} ERR_INVALID_ARG
 */
function resolveTask(task, options, isolation) {
  check.object('task', task);
  check.text('task.type', task.type);
  const isHandler = task.code === undefined;
  const resolved = isHandler ? handlerTask(task, isolation) : codeTask(task, CODE_TYPE.exec(task.type)?.[1], isolation);
  if (resolved.hasSettings) takeSettings(resolved, task, 'task', isolation);
  if (options !== undefined) {
    resolved.hasSettings = true;
    check.object('options', options);
    check.noOthers('options', options, SETTING_NAMES);
    takeSettings(resolved, options, 'options', isolation);
  }
  if (resolved.transfer !== undefined) disableRetries(resolved);
  if (!isHandler) resolved.isolation = Math.max(resolved.isolation, isolation.codeLevel);
  return resolved;
}

function handlerTask(task, isolation) {
  if (isCodeType(task.type))
    throw invalid('task.code', task.code, `a string for the type ${JSON.stringify(task.type)}`);
  // Most tasks are plain objects with these two fields only.
  let hasSettings = Object.getPrototypeOf(task) !== Object.prototype;
  for (const name in task) {
    if (name === 'type' || name === 'payload') continue;
    hasSettings = true;
    if (!HANDLER_FIELDS.includes(name)) check.noOthers('task', task, HANDLER_FIELDS);
  }
  return {
    kind: 'handler',
    type: task.type,
    priority: TASK_DEFAULTS.priority,
    isolation: isolation.level,
    code: undefined,
    value: task.payload,
    root: 'payload',
    hasSettings,
    id: undefined,
    signal: undefined,
    metadata: undefined,
    transfer: undefined,
  };
}

/** The handler type that was tested last, to save the regular expression for the next task. */
let handlerType;

function isCodeType(type) {
  if (type === handlerType) return false;
  if (CODE_TYPE.test(type)) return true;
  handlerType = type;
  return false;
}

function codeTask(task, kind, isolation) {
  if (kind === undefined) {
    throw invalid('task.type', task.type, '"javascript", "filter" or one of their @scope/ names where there is code');
  }
  if (typeof task.code !== 'string') throw invalid('task.code', task.code, 'a string');
  check.noOthers('task', task, CODE_FIELDS);
  const { inputs, config } = task;
  return {
    kind,
    type: task.type,
    priority: TASK_DEFAULTS.priority,
    isolation: isolation.codeLevel,
    code: task.code,
    value: { inputs, config },
    root: 'task',
    hasSettings: true,
    id: undefined,
    signal: undefined,
    metadata: undefined,
    transfer: undefined,
  };
}

function takeSettings(resolved, from, where, isolation) {
  for (let i = 0; i < SETTING_NAMES.length; i++) {
    const name = SETTING_NAMES[i];
    const value = from[name];
    if (value !== undefined) resolved[name] = SETTINGS[name](`${where}.${name}`, value, isolation);
  }
}

/** Disables retries of a task with `transfer`: its payload is moved into the first attempt. */
function disableRetries(task) {
  if (task.transfer.length === 0) {
    task.transfer = undefined;
    return;
  }
  if (task.maxRetries > 0) throw invalid('task.maxRetries', task.maxRetries, '0 for a task with `transfer`');
  task.maxRetries = 0;
}

/**
 * Makes the error of a task that could not be encoded.
 * @param {ReturnType<typeof resolveTask>} task
 * @param {string} taskId
 * @param {Error} cause
 * @returns {IsolaneError} ERR_DATA_CLONE with the path of what cannot be cloned; `cause` itself where a buffer could
 *   not be detached
 */
function cloneError(task, taskId, cause) {
  if (task.transfer !== undefined && cause?.field?.startsWith('task.transfer[')) return cause;
  const message = uncloneableMessage(task.value, task.root, cause.message);
  return new IsolaneError('ERR_DATA_CLONE', message, { cause, taskId });
}

module.exports = { cloneError, resolveTask };
