'use strict';

// Runs the hostile catalogue, or a part of it:
//
//   node __test__/hostile/run.js [category] [part of a name] [--rounds 3] [--skip part,part] [--json]
//
// `--json` prints a line of JSON for each event. `begin` comes before a piece is submitted, so a process that dies has
// named the pieces that were running.

const { writeSync } = require('node:fs');
const { parseArgs } = require('node:util');
const { choose, Runner } = require('./runner.js');

/** Resident memory in bytes at which the process ends, so that a piece that evades the limits does not stop the machine. */
const MOST_MEMORY = 12e9;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '1' },
    skip: { type: 'string', default: '' },
    json: { type: 'boolean', default: false },
  },
});

// Written synchronously: buffered output would be lost with the process.
const print = (text) => writeSync(1, `${text}\n`);

function tell(record) {
  if (record.end) {
    const mark = record.problems.length > 0 ? 'FAIL' : 'ok';
    print(`${mark.padEnd(5)}${String(record.ran).padStart(6)} ms  ${record.end}  →  ${oneLine(record.how)}`);
    for (const problem of record.problems) print(`     ${problem}`);
  } else if (record.category) {
    print(`---- ${record.category}, round ${record.round}: ${record.count} pieces in ${record.ms} ms`);
  } else if (record.done) {
    print(`${record.ms} ms, ${record.abandoned} isolates given up, ${record.problems.length} problems`);
    for (const problem of record.problems) print(`  ${problem}`);
  }
}

const oneLine = (text) => text.replace(/\s+/g, ' ').slice(0, 150);

async function main() {
  const chosen = choose(...positionals);
  const skipped = values.skip.split(',').filter(Boolean);
  for (const [category, pieces] of Object.entries(chosen)) {
    chosen[category] = pieces.filter(({ id }) => !skipped.some((part) => id.includes(part)));
  }
  if (Object.values(chosen).flat().length === 0) {
    console.error('no such piece');
    process.exitCode = 2;
    return;
  }

  const running = new Set();
  const say = (record) => {
    if (record.begin) running.add(record.begin);
    if (record.end) running.delete(record.end);
    if (record.done && record.problems.length > 0) process.exitCode = 1;
    if (values.json) print(JSON.stringify(record));
    else tell(record);
  };
  const guard = setInterval(() => {
    const used = process.memoryUsage.rss();
    if (used < MOST_MEMORY) return;
    const stop = `the process takes ${Math.round(used / 1e6)} MB, running: ${[...running].join(', ')}`;
    print(values.json ? JSON.stringify({ stop }) : stop);
    process.exit(70);
  }, 100);
  await new Runner(say).run(chosen, Number(values.rounds));
  clearInterval(guard);
}

main();
