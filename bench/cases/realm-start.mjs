import { medianDifference, number } from '../result.mjs';
import { measureStarts } from '../starts.mjs';

const PAUSE_MS = 5;
const figures = { median: 'back to back', paused: `with a pause of ${PAUSE_MS} ms` };

export default {
  name: `a tiny task in a fresh realm, one at a time; "paused" with ${PAUSE_MS} ms before each`,
  unit: { median: 'ms', p99: 'ms', paused: 'ms', 'paused p99': 'ms' },
  chart: ['median', 'paused'],
  needs: 'realm',
  baseline: 'isolated-vm',
  measure: (contender, options) => measureStarts(contender.realm, options, PAUSE_MS),
  notes: (runs) =>
    Object.entries(figures).flatMap(([figure, when]) => {
      const more = medianDifference(runs, figure, 'isolane', 'isolane-shared');
      return more === undefined ? [] : [`isolane, ${when}: a fresh realm costs ${number(more)} ms`];
    }),
};
