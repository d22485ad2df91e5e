'use strict';

// The options of a pool in the form that the native pool takes.

const { encode } = require('../values/wire.js');

/**
 * Makes the options that `src/face/options.rs` reads.
 * @param {object} options - of `resolveOptions`
 * @param {{ path: string, text: string } | undefined} script - the worker script, or its bundle
 * @param {import('./permissions.js').Permissions} permissions
 * @param {{ name: string, filename: string, code: string }[]} imports
 */
function nativeOptions(options, script, permissions, imports) {
  return {
    poolSize: options.poolSize,
    minWorkers: options.minWorkers,
    maxWorkers: options.maxWorkers,
    tasksPerWorker: options.tasksPerWorker,
    maxQueue: options.maxQueue,
    roundRobin: options.loadBalancing === 'round-robin',
    maxTasksPerWorker: options.maxTasksPerWorker,
    autoRestart: options.autoRestart,
    maxRestartAttempts: options.maxRestartAttempts,
    restartCooldown: options.restartCooldownMs,
    maxAbandoned: options.maxAbandonedWorkers,
    heartbeat: options.heartbeatInterval,
    zombieThreshold: options.zombieThresholdMs,
    maxDeadLetters: options.maxDeadLetters,
    circuitBreaker: options.circuitBreaker,
    autoScale: options.autoScale || undefined,
    scriptPath: script?.path,
    scriptText: script?.text,
    memoryLimit: options.workerMemoryLimitMB,
    memoryRestart: options.workerRestartMemoryMB,
    env: Buffer.from(encode(options.env)),
    host: Buffer.from(
      encode({
        functions: options.host.names,
        maxCalls: options.maxHostCalls,
        memoryLimitMB: options.workerMemoryLimitMB,
        fetch: permissions.allowsNet,
      }),
    ),
    imports: imports.map(({ name, filename, code }) => ({ name, path: filename, text: code })),
    maxHostCalls: options.maxHostCalls,
    taskTimeout: options.taskTimeout,
    javascriptTimeout: options.javascriptTimeout,
    filterTimeout: options.filterTimeout,
    queueTimeout: options.queueTimeout,
    maxRetries: options.maxTaskRetries,
    retryBackoff: options.retryBackoffMs,
    maxBackoff: options.maxBackoffMs,
    retryJitter: options.retryJitter,
  };
}

module.exports = { nativeOptions };
