import { measureStarts } from '../starts.mjs';

const PAUSE_MS = 50;

export default {
  name: `a tiny task in a fresh isolate, one at a time; "paused" with ${PAUSE_MS} ms before each`,
  unit: { median: 'ms', p99: 'ms', paused: 'ms', 'paused p99': 'ms' },
  chart: ['median', 'paused'],
  needs: 'isolate',
  baseline: 'isolated-vm',
  measure: (contender, options) => measureStarts(contender.isolate, options, PAUSE_MS),
};
