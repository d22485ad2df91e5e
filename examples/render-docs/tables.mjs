// pool.getPoolMetrics() for a reader.
import Table from 'cli-table3';

const STYLE = { head: [], border: [] };

/** One table of the times, one of everything else. */
export function metricsTables(metrics) {
  const times = new Table({ head: ['ms', 'min', 'mean', 'p50', 'p95', 'p99', 'max'], style: STYLE });
  for (const name of ['waitTimeMs', 'runTimeMs', 'totalTimeMs']) {
    const { min, mean, p50, p95, p99, max } = metrics.performance[name];
    times.push([name.replace('TimeMs', ''), ...[min, mean, p50, p95, p99, max].map((ms) => ms.toFixed(2))]);
  }

  const groups = new Table({ head: ['group', 'metric', 'value'], style: STYLE });
  for (const [group, { waitTimeMs, runTimeMs, totalTimeMs, ...values }] of Object.entries(metrics)) {
    const lines = Object.entries(values).flatMap(([name, value]) => lineOrLines(value).map((text) => [name, text]));
    groups.push([group, ...[0, 1].map((column) => lines.map((line) => line[column]).join('\n'))]);
  }
  return `${times}\n${groups}`;
}

function lineOrLines(value) {
  return Array.isArray(value) && value.length > 0 ? value.map(format) : [format(value)];
}

function format(value) {
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : value.toFixed(2);
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).map(([name, inner]) => `${name} ${format(inner)}`);
  return fields.join(', ') || 'none';
}
