'use strict';

// The options of createWorkerPool: checks those that the user gives, and completes them from the environment and the
// defaults.

const check = require('./check.js');
const {
  AUTO_SCALE_DEFAULTS,
  CIRCUIT_BREAKER_DEFAULTS,
  MAX_WORKERS,
  TASK_DEFAULTS,
  withDefaults,
} = require('./defaults.js');
const { readEnvironment } = require('./environment.js');
const isolation = require('./isolation.js');
const { permissions } = require('./permissions.js');
const { IsolaneError, invalid } = require('../errors.js');
const { readHost } = require('../host/functions.js');
const { encode, uncloneableMessage } = require('../values/wire.js');

/** Option → check. An option that is not listed is unknown. */
const CHECKS = {
  poolSize: check.integer(1, MAX_WORKERS),
  minWorkers: check.integer(1, MAX_WORKERS),
  maxWorkers: check.integer(1, MAX_WORKERS),
  autoScale: autoScale,
  workerScript: check.script,
  workerMemoryLimitMB: check.number(16, 65_536, 'megabytes'),
  workerRestartMemoryMB: check.number(1, 65_536, 'megabytes'),
  tasksPerWorker: check.integer(1, 100_000),
  isolation: isolation.name,
  heartbeatInterval: check.duration(1),
  zombieThresholdMs: check.duration(1),
  taskTimeout: check.duration(1),
  queueTimeout: check.duration(1),
  maxTaskRetries: check.integer(0, 1_000_000),
  retryBackoffMs: check.duration(0),
  maxBackoffMs: check.duration(0),
  retryJitter: check.number(0, 1),
  maxQueue: check.integer(0),
  loadBalancing: check.oneOf('round-robin', 'least-loaded'),
  capabilities: unsupported('every worker takes every task'),
  autoRestart: check.boolean,
  maxRestartAttempts: check.integer(1, 1_000_000),
  restartCooldownMs: check.duration(0),
  maxTasksPerWorker: check.integer(1),
  maxAbandonedWorkers: check.integer(1, 1_000_000),
  maxDeadLetters: check.integer(0, 1_000_000),
  circuitBreaker: circuitBreaker,
  permissions: permissions,
  host: readHost,
  maxHostCalls: check.integer(1, 100_000),
  env: cloneable,
  console: check.oneOf('event', 'inherit', 'ignore'),
  shutdownTimeout: check.duration(0),
};

const AUTO_SCALE = {
  scaleUpQueueDepth: check.integer(1),
  idleTimeout: check.duration(0),
  cooldown: check.duration(0),
};
const CIRCUIT_BREAKER = {
  failureThreshold: check.integer(1, 1_000_000),
  resetTimeout: check.duration(1),
};

/** @returns {false | object} all defaults for `true` */
function autoScale(field, value) {
  if (typeof value === 'boolean') return value && { ...AUTO_SCALE_DEFAULTS };
  if (!check.isObject(value)) throw invalid(field, value, 'a boolean or an object');
  return check.group(field, value, AUTO_SCALE, AUTO_SCALE_DEFAULTS);
}

function circuitBreaker(field, value) {
  return check.group(field, check.object(field, value), CIRCUIT_BREAKER, CIRCUIT_BREAKER_DEFAULTS);
}

/** For an option that only later versions may have. It is refused, so that nobody relies on it. */
function unsupported(instead) {
  return (field, value) => {
    throw invalid(field, value, `absent: this version has nothing else (${instead})`);
  };
}

function cloneable(field, value) {
  check.object(field, value);
  try {
    encode(value);
  } catch (cause) {
    const message = uncloneableMessage(value, field, cause.message);
    throw new IsolaneError('ERR_INVALID_ARG', message, { cause, field });
  }
  return value;
}

/**
 * Checks and completes the options of a pool.
 * @param {object} [options] - as the user gave them
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {object} all options
 * @throws {IsolaneError} ERR_INVALID_ARG
 */
function resolveOptions(options = {}, env = process.env) {
  check.object('options', options);
  check.noOthers('options', options, Object.keys(CHECKS));
  const given = readEnvironment(env, options, CHECKS);
  for (const [name, test] of Object.entries(CHECKS)) {
    if (options[name] !== undefined) given[name] = test(name, options[name]);
  }
  const resolved = withDefaults(given);
  const { poolSize, minWorkers, maxWorkers, workerMemoryLimitMB, workerRestartMemoryMB } = resolved;
  if (poolSize > maxWorkers) throw invalid('poolSize', poolSize, `at most maxWorkers (${maxWorkers})`);
  if (poolSize < minWorkers) throw invalid('poolSize', poolSize, `at least minWorkers (${minWorkers})`);
  if (workerRestartMemoryMB > workerMemoryLimitMB) {
    throw invalid(
      'workerRestartMemoryMB',
      workerRestartMemoryMB,
      `at most workerMemoryLimitMB (${workerMemoryLimitMB})`,
    );
  }
  isolation.checkTasksPerWorker('isolation', resolved.isolation, resolved.tasksPerWorker);
  return resolved;
}

module.exports = { TASK_DEFAULTS, resolveOptions };
