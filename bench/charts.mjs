// Draws results of run.mjs: `npm run bench:charts -- [--out FOLDER] [result.json …]`, one SVG file for each case.
// Where several results have the same case, the last one counts.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chartOf } from './chart.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true });
    return {
      out: values.out ?? here('charts'),
      files: positionals.length > 0 ? positionals : [here('results/latest.json')],
    };
  } catch (error) {
    console.error(`${error.message}\nUsage: npm run bench:charts -- [--out FOLDER] [result.json …]`);
    process.exit(2);
  }
}

/** Which figures of a case are drawn: those that its file names, or all. */
async function figuresOf(id, unit) {
  const { default: benchCase } = await import(`./cases/${id}.mjs`);
  return benchCase.chart ?? Object.keys(unit);
}

const { out, files } = readArguments();
mkdirSync(out, { recursive: true });
const cases = new Map();
for (const file of files) {
  const result = JSON.parse(readFileSync(file, 'utf8'));
  for (const [id, benchCase] of Object.entries(result.cases)) cases.set(id, { result, benchCase });
}
for (const [id, { result, benchCase }] of cases) {
  const svg = chartOf(result, benchCase, await figuresOf(id, benchCase.unit));
  if (svg === undefined) {
    console.error(`bench: no chart of ${id}, as none of its runs was good`);
    continue;
  }
  const path = join(out, `${id}.svg`);
  writeFileSync(path, svg);
  console.log(relative(process.cwd(), path));
}
