import { isHigherBetter, number } from './result.mjs';
import { table } from './table.mjs';

/** Above this share of the machine in other hands, figures of a few cores are not to be trusted. */
const NOISE_LIMIT = 0.2;

/** A table of more figures is too wide to read. */
const FIGURES_A_TABLE = 3;

const range = (spread) => (spread ? `${number(spread.min)} … ${number(spread.max)}` : '–');

/** The tables of one case, so many that none is too wide. */
function caseTables(result, names) {
  const figures = Object.keys(result.unit);
  const tables = [];
  for (let at = 0; at < figures.length; at += FIGURES_A_TABLE) {
    tables.push(caseTable(result, names, figures.slice(at, at + FIGURES_A_TABLE)));
  }
  return tables.join('\n\n');
}

/** Some figures of one case, best contender first; those without a single good run come last. */
function caseTable({ unit, baseline, summary, runs }, names, figures) {
  const head = figures.flatMap((figure) => [`${figure}, ${unit[figure]}`, 'spread', `× ${baseline}`, 'spread']);

  const [first] = figures;
  const sign = isHigherBetter(unit[first]) ? -1 : 1;
  const ranked = Object.keys(summary).sort((a, b) => sign * (summary[a][first].median - summary[b][first].median));
  const rows = ranked.map((contender) => [
    names[contender],
    ...figures.flatMap((figure) => {
      const { median, min, max, ratio } = summary[contender][figure];
      return [number(median), range({ min, max }), number(ratio?.median), range(ratio)];
    }),
  ]);
  for (const contender of new Set(runs.map((run) => run.contender))) {
    if (summary[contender]) continue;
    rows.push([names[contender], 'failed', ...head.slice(1).map(() => '–')]);
  }
  return table(['contender', ...head], rows);
}

/** The whole result of run.mjs as text. */
export function reportOf({ date, quick, rounds, machine, node, names, versions, missing, cases }) {
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.os}, Node ${node}, ${date}`,
    `medians of ${rounds} rounds, least … most; ratios of the same round`,
  ];
  for (const result of Object.values(cases)) {
    const better = Object.entries(result.unit).map(
      ([figure, unit]) => `${figure}: ${isHigherBetter(unit) ? 'more' : 'less'} is better`,
    );
    lines.push('', `${result.name} (${better.join(', ')})`, '', caseTables(result, names));
    if (!result.runs.some((run) => run.contender === result.baseline)) {
      lines.push('', `no ratios: ${result.baseline} did not run`);
    }
    if (result.notes.length > 0) lines.push('', ...result.notes);
    for (const { contender, round, error } of result.runs) {
      if (error === undefined) continue;
      lines.push('', `FAILED: ${contender}, round ${round}: ${error.replaceAll('\n', '\n    ')}`);
    }
  }

  const all = Object.entries(versions).map(([contender, version]) => `${contender} ${version}`);
  lines.push('', all.join(', '));
  for (const [contender, why] of Object.entries(missing)) lines.push(`without ${contender}: ${why}`);
  if (quick) lines.push('--quick: these figures say nothing about speed');
  const runs = Object.values(cases).flatMap((result) => result.runs);
  const noisy = runs.filter((run) => run.noise > NOISE_LIMIT);
  if (noisy.length > 0) {
    lines.push(
      `NOISY: other programs used more than ${NOISE_LIMIT * 100} % of the machine before ` +
        `${noisy.length} of ${runs.length} runs`,
    );
  }
  return lines.join('\n');
}
