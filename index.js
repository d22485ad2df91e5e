'use strict';

// First of all: where the addon does not load, that is what has to be said.
const { versions } = require('./lib/native/versions.js');
const { IsolaneError } = require('./lib/errors.js');
const { TASK_DEFAULTS } = require('./lib/options/options.js');
const { WorkerPool } = require('./lib/pool/worker-pool.js');
const { version } = require('./package.json');

/** The pool that the latest `createWorkerPool` made, for code that is written against a single one. */
let latest;

async function createWorkerPool(options) {
  const pool = await WorkerPool.create(options);
  latest = pool;
  return pool;
}

function defaultPool() {
  if (latest !== undefined) return latest;
  throw new IsolaneError('ERR_NO_POOL', 'there is no pool: call createWorkerPool first');
}

module.exports = {
  createWorkerPool,
  WorkerPool,
  IsolaneError,
  TASK_DEFAULTS,
  version,
  versions,
  submitTask: async (task, options) => defaultPool().submitTask(task, options),
  getPoolMetrics: () => defaultPool().getPoolMetrics(),
  scaleUp: async (count) => defaultPool().scaleUp(count),
  scaleDown: async (count) => defaultPool().scaleDown(count),
  shutdown: async (graceful) => {
    const pool = defaultPool();
    latest = undefined;
    await pool.shutdown(graceful);
  },
};
