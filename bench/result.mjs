/** Ratios are to this contender, of the same case in the same round. */
export const baselineOf = (benchCase) =>
  process.env.ISOLANE_BEFORE ? 'isolane-before' : (benchCase.baseline ?? 'piscina');

/** Units by the second count work done, and so do multiples; all others (times, bytes) count what it cost. */
export const isHigherBetter = (unit) => unit.endsWith('/s') || unit.startsWith('×');

/** The median and the range of some values; undefined where there are none. */
export function spreadOf(values) {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1) };
}

/** The value in the middle; undefined where there are none. */
export const medianOf = (values) => spreadOf(values)?.median;

/**
 * Sums up the runs of one case: contender → figure → `{ median, min, max, ratio }`, where `ratio`
 * to that of `baselineId` is such a spread too. A run is `{ round, contender }` with `figures` or with an `error`.
 */
export function summarize(unit, runs, baselineId) {
  const good = runs.filter((run) => run.figures);
  const baseline = new Map();
  for (const { round, contender, figures } of good) {
    if (contender === baselineId) baseline.set(round, figures);
  }

  const summary = {};
  for (const contender of new Set(good.map((run) => run.contender))) {
    const own = good.filter((run) => run.contender === contender);
    const paired = own.filter((run) => baseline.has(run.round));
    summary[contender] = {};
    for (const figure of Object.keys(unit)) {
      summary[contender][figure] = {
        ...spreadOf(own.map((run) => run.figures[figure])),
        ratio: spreadOf(paired.map((run) => run.figures[figure] / baseline.get(run.round)[figure])),
      };
    }
  }
  return summary;
}

/** `[figure of one, figure of the other]` for each round in which both contenders have it. */
function pairsOf(runs, figure, contender, other) {
  const figureOf = (id, round) => runs.find((run) => run.contender === id && run.round === round)?.figures?.[figure];
  return [...new Set(runs.map((run) => run.round))]
    .map((round) => [figureOf(contender, round), figureOf(other, round)])
    .filter((pair) => !pair.includes(undefined));
}

/** What one contender took by what another took, round by round. */
export const pairedRatios = (runs, figure, contender, other) =>
  pairsOf(runs, figure, contender, other).map(([own, its]) => own / its);

/** The median of how much more one contender took than another in the same round; undefined without such a round. */
export const medianDifference = (runs, figure, contender, other) =>
  medianOf(pairsOf(runs, figure, contender, other).map(([own, its]) => own - its));

/** A figure as people read it: 0.123, 1.23, 45.6, 789, 123,400. */
export function number(value) {
  if (value === undefined) return '–';
  return value.toLocaleString('en-US', { maximumSignificantDigits: value < 1000 ? 3 : 4 });
}
