'use strict';

// The public metrics and worker statuses of a pool, made from the native status, which src/face/status.rs writes.

const { health, isPresent } = require('./health.js');
const { toMB } = require('../units.js');

const rate = (part, whole) => (whole > 0 ? part / whole : 0);

const isBusy = (worker) => worker.state === 'ready' && worker.inFlight > 0;
const isIdle = (worker) => worker.state === 'ready' && worker.inFlight === 0;
const isUnhealthy = (worker) => worker.state === 'down' || worker.state === 'restarting';

/**
 * Makes the public status of a worker.
 * @param {import('../native/binding.js').NativeWorker} worker
 */
function workerStatus(worker) {
  return {
    workerId: worker.workerId,
    generation: worker.generation,
    state: isBusy(worker) ? 'busy' : worker.state,
    inFlight: worker.inFlight,
    tasksCompleted: worker.tasksDone,
    restarts: Math.max(0, worker.started - 1),
    failuresInARow: worker.failures,
    memory: {
      heapUsedMB: toMB(worker.heapUsed),
      heapLimitMB: toMB(worker.heapLimit),
      externalMB: toMB(worker.external),
    },
  };
}

/**
 * Makes the public metrics of a pool.
 * @param {import('../native/binding.js').NativeStatus} native
 * @param {{ options: object, initialized: boolean, shuttingDown: boolean }} pool
 */
function poolMetrics(native, { options, initialized, shuttingDown }) {
  const workers = native.workers.filter(isPresent);
  const count = (test) => workers.filter(test).length;
  const inState = (state) => count((worker) => worker.state === state);
  const ended = native.completed + native.failed;
  const attempts = native.workers.reduce((sum, worker) => sum + worker.tasksDone, 0);
  const isolatesStarted = native.workersSpawned + native.isolatesRenewed;
  const sum = (figure) => toMB(workers.reduce((total, worker) => total + worker[figure], 0));
  return {
    pool: {
      size: native.size,
      minWorkers: options.minWorkers,
      maxWorkers: options.maxWorkers,
      initialized,
      shuttingDown,
      uptime: native.uptime,
    },
    workers: {
      total: workers.length,
      starting: inState('starting'),
      ready: count(isIdle),
      busy: count(isBusy),
      unhealthy: count(isUnhealthy),
      zombies: native.zombies,
      abandoned: native.abandoned,
    },
    tasks: {
      submitted: native.submitted,
      completed: native.completed,
      failed: native.failed,
      retried: native.retried,
      timedOut: native.timedOut,
      aborted: native.aborted,
      rejected: native.rejected,
      queued: native.queued,
      running: native.running,
      delayed: native.delayed,
      dlq: native.deadLetters,
    },
    performance: {
      workerReuseRate: rate(Math.max(0, attempts - isolatesStarted), attempts),
      workersSpawned: native.workersSpawned,
      workersRestarted: native.workersRestarted,
      tasksPerSecond: native.tasksPerSecond,
      runTimeMs: native.runTime,
      waitTimeMs: native.waitTime,
      totalTimeMs: native.totalTime,
      errorRate: rate(native.failed, ended),
    },
    health: health(native, { options, shuttingDown }),
    queue: {
      queueDepth: native.queued + native.delayed,
      maxQueue: options.maxQueue,
      avgWaitTimeMs: native.waitTime.mean,
      oldestWaitMs: native.oldestWait,
      byPriority: Object.fromEntries(native.byPriority.map(({ priority, waiting }) => [priority, waiting])),
    },
    circuitBreakers: native.circuitBreakers.map(({ retryAfter, ...breaker }) => ({
      ...breaker,
      retryAfterMs: retryAfter,
    })),
    memory: {
      heapUsedMB: sum('heapUsed'),
      heapLimitMB: sum('heapLimit'),
      externalMB: sum('external'),
      workers: workers.map((worker) => ({ workerId: worker.workerId, ...workerStatus(worker).memory })),
    },
    isolates: {
      started: isolatesStarted,
      warm: inState('ready'),
      resets: 0,
      panics: native.panics,
      fatalErrors: native.fatalErrors,
    },
  };
}

module.exports = { poolMetrics, workerStatus };
