'use strict';

// The defaults of pool options and of task settings.

const os = require('node:os');
const { readHost } = require('../host/functions.js');

/** Settings of a task for which neither the task nor its pool gives a value. Times are milliseconds. */
const TASK_DEFAULTS = Object.freeze({
  priority: 10,
  timeout: 300_000,
  javascriptTimeout: 60_000,
  filterTimeout: 30_000,
  maxRetries: 3,
  retryBackoffMs: 1000,
});

const MAX_WORKERS = 1024;

/** The cooldown is long enough to see the effect of a new worker on the queue. */
const AUTO_SCALE_DEFAULTS = { scaleUpQueueDepth: 10, idleTimeout: 30_000, cooldown: 5000 };
const CIRCUIT_BREAKER_DEFAULTS = { failureThreshold: 10, resetTimeout: 30_000 };

const clamp = (value, min, max) => Math.max(min, Math.min(value, max));

/**
 * Completes the options of a pool. Some defaults depend on other options.
 * @param {object} given - checked
 * @returns {object} all options
 */
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

module.exports = { AUTO_SCALE_DEFAULTS, CIRCUIT_BREAKER_DEFAULTS, MAX_WORKERS, TASK_DEFAULTS, withDefaults };
