'use strict';

// Pool options from environment variables.

/** Option → names of its environment variables. The first one that is set counts. */
const VARIABLES = {
  poolSize: ['PERSISTENT_WORKER_POOL_SIZE', 'POOL_SIZE'],
  workerRestartMemoryMB: ['WORKER_RESTART_MEMORY_THRESHOLD_MB'],
  heartbeatInterval: ['WORKER_HEALTH_CHECK_INTERVAL_MS'],
  maxQueue: ['WORKER_TASK_QUEUE_SIZE'],
};

/**
 * Reads the options that the user has not given.
 * @param {NodeJS.ProcessEnv} env - an empty variable is an absent one
 * @param {object} options - as the user gave them
 * @param {Record<string, (field: string, value: unknown) => unknown>} checks - of each option
 * @returns {object} the options that the environment has
 * @throws {IsolaneError} ERR_INVALID_ARG with the name of the variable
 */
function readEnvironment(env, options, checks) {
  const found = {};
  for (const [option, names] of Object.entries(VARIABLES)) {
    if (options[option] !== undefined) continue;
    const name = names.find((name) => env[name] !== undefined && env[name] !== '');
    if (name === undefined) continue;
    const value = Number(env[name]);
    found[option] = checks[option](name, Number.isNaN(value) ? env[name] : value);
  }
  return found;
}

module.exports = { readEnvironment };
