import { isHigherBetter } from './result.mjs';

/** A verdict is wrong about a difference that is none once in so many times at most. */
const SIGNIFICANCE = 0.05;

/**
 * The chance that of `count` tosses of a coin `heads` or more, or as few, are heads: the two-sided sign test,
 * which assumes nothing of how figures are distributed.
 */
function signTest(heads, count) {
  const extreme = Math.max(heads, count - heads);
  let tail = 0;
  for (let k = extreme, ways = binomial(count, extreme); k <= count; k++) {
    tail += ways;
    ways = (ways * (count - k)) / (k + 1);
  }
  return Math.min(1, (2 * tail) / 2 ** count);
}

function binomial(n, k) {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways = (ways * (n - k + i)) / i;
  return ways;
}

/** What the ratios of paired rounds, after by before, say of a figure with this unit. */
export function verdictOn(unit, ratios) {
  const differing = ratios.filter((ratio) => ratio !== 1);
  if (signTest(differing.length, differing.length) > SIGNIFICANCE) return 'too few rounds to say';
  const more = differing.filter((ratio) => ratio > 1).length;
  if (signTest(more, differing.length) > SIGNIFICANCE) return 'no difference to be seen';
  return more > differing.length / 2 === isHigherBetter(unit) ? 'BETTER' : 'WORSE';
}
