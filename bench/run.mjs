// Runs every case with every contender and compares them; README.md tells the method.

import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { runRound } from './fresh-process.mjs';
import { lineUp } from './line-up.mjs';
import { describeCommit, describeMachine, measureNoise } from './machine.mjs';
import { readOptions } from './options.mjs';
import { reportOf } from './report.mjs';
import { baselineOf, number, summarize } from './result.mjs';

function shuffled(items) {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

const { quick, rounds, cases, contenders, json } = readOptions(process.argv.slice(2));
const { races, missing } = await lineUp(cases, contenders);
if (races.length === 0) {
  console.error('bench: none of these contenders takes part in these cases');
  for (const [contender, why] of Object.entries(missing)) console.error(`without ${contender}: ${why}`);
  process.exit(2);
}
const result = {
  date: new Date().toISOString(),
  commit: describeCommit(),
  quick,
  rounds,
  machine: describeMachine(),
  node: process.version,
  names: Object.fromEntries(contenders.map((id) => [id, id])),
  versions: {},
  missing,
  cases: {},
};
for (const { id, benchCase } of races) {
  const { name, unit } = benchCase;
  result.cases[id] = { name, unit, baseline: baselineOf(benchCase), summary: {}, notes: [], runs: [] };
}

// Rounds outermost: a slow minute of the machine falls on all contenders, and on one round only.
for (let round = 1; round <= rounds; round++) {
  for (const { id, entrants } of races) {
    const { unit, runs } = result.cases[id];
    for (const { id: contender, execArgv } of shuffled(entrants)) {
      const noise = await measureNoise(quick ? 50 : 200);
      const { name, version, figures, error } = await runRound(id, contender, { quick, execArgv });
      runs.push({ round, contender, noise, figures, error });
      if (name) result.names[contender] = name;
      if (version) result.versions[contender] = version;
      const [first] = Object.keys(unit);
      const outcome = figures ? `${number(figures[first])} ${unit[first]}` : 'failed';
      console.error(`round ${round} of ${rounds}, ${id}, ${contender}: ${outcome}`);
    }
  }
}
for (const { id, benchCase } of races) {
  const { unit, baseline, runs } = result.cases[id];
  result.cases[id].summary = summarize(unit, runs, baseline);
  result.cases[id].notes = benchCase.notes?.(runs) ?? [];
}

console.log(`\n${reportOf(result)}`);
mkdirSync(dirname(json), { recursive: true });
writeFileSync(json, `${JSON.stringify(result, null, 2)}\n`);
console.log(`written to ${relative(process.cwd(), json)}`);

const runs = Object.values(result.cases).flatMap((benchCase) => benchCase.runs);
const failed = runs.filter((run) => run.error !== undefined);
if (failed.length > 0) {
  console.error(`${failed.length} of ${runs.length} runs failed`);
  process.exitCode = 1;
}
