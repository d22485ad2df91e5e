'use strict';

// The health of a pool, made from the native status: whether it is healthy, degraded or critical, and for what reasons.

const { count } = require('../units.js');

/** Whether a worker exists, or is about to be started again. */
const isPresent = (worker) => worker.state !== 'gone';

/** Reasons that make a pool degraded, and critical. Other reasons are only reported. */
const DEGRADED = ['worker-down', 'workers-not-ready', 'queue-full', 'circuit-open'];
const CRITICAL = ['no-workers', 'abandoned-limit'];

/**
 * Makes the health of a pool.
 * @param {import('../native/binding.js').NativeStatus} native
 * @param {{ options: object, shuttingDown: boolean }} pool
 * @returns {{ status: 'healthy' | 'degraded' | 'critical', capacity: number,
 *   alerts: Array<{ reason: string, message: string }> }}
 */
function health(native, { options, shuttingDown }) {
  const workers = native.workers.filter(isPresent);
  const able = workers.filter((worker) => worker.state === 'ready').length;
  const alerts = shuttingDown ? [] : [...workerAlerts(workers, able, native.size), ...queueAlerts(native, options)];
  alerts.push(...abandonedAlerts(native, options));
  const reasons = alerts.map(({ reason }) => reason);
  const hasAny = (list) => reasons.some((reason) => list.includes(reason));
  const status = hasAny(CRITICAL) ? 'critical' : hasAny(DEGRADED) ? 'degraded' : 'healthy';
  return { status, capacity: native.size > 0 ? able / native.size : 0, alerts };
}

function workerAlerts(workers, able, wanted) {
  const alerts = workers
    .filter((worker) => worker.state === 'down')
    .map(({ workerId, failures }) => ({
      reason: 'worker-down',
      message: `worker ${workerId} is down after ${count(failures, 'failure')} in a row`,
      workerId,
    }));
  const missing = wanted - able;
  if (missing > 0) {
    const reason = able === 0 ? 'no-workers' : 'workers-not-ready';
    alerts.push({ reason, message: `${missing} of ${wanted} workers are not ready` });
  }
  return alerts;
}

function queueAlerts(native, { maxQueue }) {
  const alerts = native.circuitBreakers
    .filter(({ state }) => state === 'open')
    .map(({ type, failures, retryAfter }) => ({
      reason: 'circuit-open',
      message: `tasks of type '${type}' are held back after ${count(failures, 'failure')} in a row`,
      type,
      retryAfterMs: retryAfter,
    }));
  const waiting = native.queued + native.delayed;
  if (waiting >= maxQueue && waiting > 0) {
    alerts.push({ reason: 'queue-full', message: `${count(waiting, 'task')} wait, and no more are taken` });
  }
  return alerts;
}

function abandonedAlerts({ abandoned, zombies }, { maxAbandonedWorkers }) {
  if (abandoned === 0) return [];
  const [were, their, end] = abandoned === 1 ? ['was', 'its', 'it comes'] : ['were', 'their', 'they come'];
  const silent = zombies > 0 ? ` (${zombies} for silence)` : '';
  const who = `${count(abandoned, 'isolate')} ${were} given up${silent}`;
  const message = `${who}; ${their} memory stays taken until the process ends or ${end} back`;
  if (abandoned < maxAbandonedWorkers) return [{ reason: 'abandoned-workers', message }];
  return [
    {
      reason: 'abandoned-limit',
      message: `${message}; that is the limit (maxAbandonedWorkers), so lost workers are not replaced any more`,
    },
  ];
}

/** Makes the health of a pool in the terms of process pools, with numbers of workers. Parameters as `health`. */
function healthSummary(native, pool) {
  const { status, capacity, alerts } = health(native, pool);
  const workers = native.workers.filter(isPresent);
  const inState = (...states) => workers.filter(({ state }) => states.includes(state)).length;
  return {
    status,
    healthy: status === 'healthy',
    capacity,
    totalWorkers: workers.length,
    healthyWorkers: inState('ready'),
    unhealthyWorkers: inState('down', 'restarting'),
    zombieWorkers: native.zombies,
    queueDepth: native.queued + native.delayed,
    alerts,
    checkedAt: Date.now(),
  };
}

module.exports = { health, healthSummary, isPresent };
