'use strict';

// The metrics of a pool in the text format of Prometheus, which prom-client writes. Names and units follow
// https://prometheus.io/docs/practices/naming/: seconds, bytes, and `_total` for counters.

const { MB } = require('../units.js');
const { IsolaneError } = require('../errors.js');

const QUANTILES = { p50: '0.5', p95: '0.95', p99: '0.99' };

/**
 * Writes the metrics of a pool.
 * @param {object} metrics - of `getPoolMetrics`
 * @param {import('../native/binding.js').NativeStatus} native
 * @param {Record<string, string>} [labels] - of every metric
 * @returns {Promise<string>}
 * @throws {IsolaneError} ERR_MODULE_LOAD when prom-client is not installed
 */
async function prometheus(metrics, native, labels) {
  const { Counter, Gauge, Registry } = client();
  const registry = new Registry();
  if (labels !== undefined) registry.setDefaultLabels(labels);
  const { tasks, workers, queue, memory, isolates, performance, health, circuitBreakers } = metrics;

  const counter = (name, help, values) => write(Counter, 'inc', name, help, values);
  const gauge = (name, help, values) => write(Gauge, 'set', name, help, values);
  const write = (Kind, verb, name, help, values) => {
    const rows = typeof values === 'number' ? [[{}, values]] : values;
    const labelNames = Object.keys(rows[0]?.[0] ?? {});
    const metric = new Kind({ name: `isolane_${name}`, help, labelNames, registers: [registry] });
    for (const [own, value] of rows) metric[verb](own, value);
  };
  const by = (label, figures) => Object.entries(figures).map(([name, value]) => [{ [label]: name }, value]);
  const seconds = (name, help, summary) => {
    const rows = Object.entries(QUANTILES).map(([figure, quantile]) => [{ quantile }, summary[figure] / 1000]);
    gauge(`task_${name}_seconds`, help, rows);
  };

  const { submitted, retried, queued, delayed, running, dlq, ...ended } = tasks;
  counter('tasks_submitted_total', 'Tasks that were submitted', submitted);
  counter('tasks_ended_total', 'Tasks that came to an end', by('outcome', ended));
  counter('task_retries_total', 'Attempts that another one followed', retried);
  gauge('tasks', 'Tasks that are not settled', by('state', { queued, delayed, running }));
  gauge('dead_letters', 'Tasks that failed for good and are kept', dlq);
  counter('dead_letters_dropped_total', 'Dead letters that made room for newer ones', native.deadLettersDropped);
  gauge('queue_limit', 'Waiting tasks allowed', queue.maxQueue);
  gauge('queue_oldest_wait_seconds', 'Longest wait of a task that is next in turn', queue.oldestWaitMs / 1000);
  seconds('run', 'Run time of attempts that ended a task', performance.runTimeMs);
  seconds('wait', 'Wait for the last start', performance.waitTimeMs);
  seconds('total', 'From submission to settlement', performance.totalTimeMs);

  const { total, ...states } = workers;
  gauge('workers', 'Workers', by('state', states));
  gauge('workers_wanted', 'Workers wanted', metrics.pool.size);
  counter('workers_spawned_total', 'Workers started', performance.workersSpawned);
  counter('workers_restarted_total', 'Workers started in the place of another', performance.workersRestarted);
  counter('isolates_started_total', 'Isolates started, those for a single task among them', isolates.started);
  counter('zombies_detected_total', 'Workers given up for their silence', native.zombiesDetected);
  counter('panics_total', 'Panics on threads of workers', isolates.panics);
  counter('fatal_errors_total', 'Isolates lost to fatal errors of V8', isolates.fatalErrors);
  counter('circuits_opened_total', 'Times that a circuit breaker opened', native.circuitsOpened);
  gauge(
    'circuit_open',
    'Circuit breakers of types that failed last: 1 open, 0.5 half open, 0 closed',
    circuitBreakers.map(({ type, state }) => [{ type }, { open: 1, 'half-open': 0.5, closed: 0 }[state]]),
  );
  const bytes = (figure) => memory.workers.map((worker) => [{ worker: String(worker.workerId) }, worker[figure] * MB]);
  gauge('heap_used_bytes', 'JavaScript heap in use', bytes('heapUsedMB'));
  gauge('external_bytes', 'ArrayBuffers and WebAssembly memory', bytes('externalMB'));
  gauge('memory_limit_bytes', 'Limit of one isolate', bytes('heapLimitMB'));
  gauge('capacity', 'Share of the wanted workers that take tasks', health.capacity);
  gauge('health', '1 for the state that the pool is in', [
    ...['healthy', 'degraded', 'critical'].map((state) => [{ state }, Number(state === health.status)]),
  ]);
  gauge('uptime_seconds', 'Since the pool was started', metrics.pool.uptime / 1000);
  return registry.metrics();
}

function client() {
  try {
    return require('prom-client');
  } catch (cause) {
    throw new IsolaneError('ERR_MODULE_LOAD', 'prometheus() needs the package prom-client: install it beside isolane', {
      cause,
    });
  }
}

module.exports = { prometheus };
