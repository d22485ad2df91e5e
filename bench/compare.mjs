// Two results of run.mjs beside each other: `node bench/compare.mjs before.json after.json`.

import { readFileSync } from 'node:fs';
import { number } from './result.mjs';
import { table } from './table.mjs';

const files = process.argv.slice(2);
if (files.length !== 2) {
  console.error('Usage: node bench/compare.mjs before.json after.json');
  process.exit(2);
}
const [before, after] = files.map((file) => JSON.parse(readFileSync(file, 'utf8')));

const change = (from, to) => {
  if (from === undefined || to === undefined) return '–';
  const percent = (to / from - 1) * 100;
  return `${percent > 0 ? '+' : ''}${percent.toFixed(1)} %`;
};
const overlap = (a, b) => a.min <= b.max && b.min <= a.max;

for (const { date, commit, node, machine, quick } of [before, after]) {
  const where = `${machine.cpu}, ${machine.cores} cores, Node ${node}`;
  console.log(`${date}, ${commit ?? 'no commit'}, ${where}${quick ? ', QUICK' : ''}`);
}
for (const [id, { name, unit, baseline, summary }] of Object.entries(after.cases)) {
  const rows = [];
  for (const [contender, figures] of Object.entries(summary)) {
    for (const [figure, now] of Object.entries(figures)) {
      const then = before.cases[id]?.summary[contender]?.[figure];
      if (!then) continue;
      rows.push([
        after.names[contender],
        `${figure}, ${unit[figure]}`,
        number(then.median),
        number(now.median),
        change(then.median, now.median),
        change(then.ratio?.median, now.ratio?.median),
        overlap(then, now) ? 'within the spread' : '',
      ]);
    }
  }
  const head = ['contender', 'figure', 'before', 'after', 'change', `change of × ${baseline}`, 'note'];
  console.log(`\n${name}\n\n${table(head, rows)}`);
}
