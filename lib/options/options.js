'use strict';

// The options of createWorkerPool: checked, with the environment's and the package's defaults.

const os = require('node:os');
const check = require('./check.js');
const { IsolaneError, invalid } = require('../errors.js');
const { permissions } = require('./permissions.js');
const isolation = require('./isolation.js');
const { readHost } = require('../host/functions.js');
const { encode, uncloneablePath } = require('../values/wire.js');

/** Run times allowed to tasks, in milliseconds, where neither the task nor the pool says otherwise. */
const TASK_DEFAULTS = Object.freeze({
  priority: 10,
  timeout: 300_000,
  javascriptTimeout: 60_000,
  filterTimeout: 30_000,
  maxRetries: 3,
  retryBackoffMs: 1000,
});

const MAX_WORKERS = 1024;

/** The cooldown lets a new worker show what it brings. */
const AUTO_SCALE_DEFAULTS = { scaleUpQueueDepth: 10, idleTimeout: 30_000, cooldown: 5000 };
const CIRCUIT_BREAKER_DEFAULTS = { failureThreshold: 10, resetTimeout: 30_000 };

/** name → check; an option that is not in here is unknown. */
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
  capabilities: refused(undefined, 'every worker takes every task'),
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

/** `true` is all defaults. */
function autoScale(field, value) {
  if (typeof value === 'boolean') return value && { ...AUTO_SCALE_DEFAULTS };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(field, value, 'a boolean or an object');
  }
  return check.group(field, value, AUTO_SCALE, AUTO_SCALE_DEFAULTS);
}

function circuitBreaker(field, value) {
  return check.group(field, check.object(field, value), CIRCUIT_BREAKER, CIRCUIT_BREAKER_DEFAULTS);
}

/** For an option of which this version has nothing but the default: better refused than ignored. */
function refused(only, instead) {
  return (field, value) => {
    if (value === only) return value;
    throw invalid(field, value, `${JSON.stringify(only) ?? 'absent'}: this version has nothing else (${instead})`);
  };
}

function cloneable(field, value) {
  check.object(field, value);
  try {
    encode(value);
  } catch (cause) {
    throw new IsolaneError('ERR_INVALID_ARG', `${uncloneablePath(value, field)} cannot be cloned: ${cause.message}`, {
      cause,
      field,
    });
  }
  return value;
}

/** option → names of environment variables, the first that is set counts. */
const ENVIRONMENT = {
  poolSize: ['PERSISTENT_WORKER_POOL_SIZE', 'POOL_SIZE'],
  workerRestartMemoryMB: ['WORKER_RESTART_MEMORY_THRESHOLD_MB'],
  heartbeatInterval: ['WORKER_HEALTH_CHECK_INTERVAL_MS'],
  maxQueue: ['WORKER_TASK_QUEUE_SIZE'],
};

function fromEnvironment(env, given) {
  const found = {};
  for (const [option, names] of Object.entries(ENVIRONMENT)) {
    if (given[option] !== undefined) continue;
    const name = names.find((name) => env[name] !== undefined && env[name] !== '');
    if (name === undefined) continue;
    const value = Number(env[name]);
    found[option] = CHECKS[option](name, Number.isNaN(value) ? env[name] : value);
  }
  return found;
}

const clamp = (value, min, max) => Math.max(min, Math.min(value, max));

/** Where an option is not given; later ones build on earlier ones. */
function withDefaults(given) {
  const poolSize =
    given.poolSize ?? clamp(os.availableParallelism(), given.minWorkers ?? 1, given.maxWorkers ?? MAX_WORKERS);
  const maxWorkers = given.maxWorkers ?? Math.min(4 * poolSize, MAX_WORKERS);
  const workerMemoryLimitMB = given.workerMemoryLimitMB ?? 128;
  const taskTimeout = given.taskTimeout ?? TASK_DEFAULTS.timeout;
  return {
    minWorkers: 1,
    workerRestartMemoryMB: 0.75 * workerMemoryLimitMB,
    tasksPerWorker: 1,
    isolation: 'shared',
    heartbeatInterval: 5000,
    zombieThresholdMs: 30_000,
    taskTimeout,
    javascriptTimeout: Math.min(taskTimeout, TASK_DEFAULTS.javascriptTimeout),
    filterTimeout: Math.min(taskTimeout, TASK_DEFAULTS.filterTimeout),
    maxTaskRetries: TASK_DEFAULTS.maxRetries,
    retryBackoffMs: TASK_DEFAULTS.retryBackoffMs,
    maxBackoffMs: 30_000,
    retryJitter: 0,
    maxQueue: 100 * maxWorkers,
    loadBalancing: 'least-loaded',
    autoRestart: true,
    maxRestartAttempts: 3,
    restartCooldownMs: 5000,
    maxAbandonedWorkers: 32,
    maxDeadLetters: 1000,
    autoScale: false,
    host: readHost('host', {}),
    maxHostCalls: 100,
    env: {},
    console: 'event',
    shutdownTimeout: 20_000,
    ...given,
    poolSize,
    maxWorkers,
    workerMemoryLimitMB,
  };
}

/**
 * @param {object} [options] - as the user gave them
 * @param {NodeJS.ProcessEnv} [env]
 * @returns complete options
 * @throws {IsolaneError} ERR_INVALID_ARG
 */
function resolveOptions(options = {}, env = process.env) {
  check.object('options', options);
  check.noOthers('options', options, Object.keys(CHECKS));
  const given = fromEnvironment(env, options);
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
  isolation.checkRoom('isolation', resolved.isolation, resolved.tasksPerWorker);
  return resolved;
}

module.exports = { TASK_DEFAULTS, resolveOptions };
