'use strict';

// Runs the pieces that try to escape from a code task's realm, or some of them:
//
//   node __test__/escape/run.js [category] [part of a name] [--control] [--json] [--failed]
//
// `--control` runs them in leaking sandboxes of node:vm instead, where each has to find an escape.

const { writeSync } = require('node:fs');
const { parseArgs } = require('node:util');
const { weaknessOf } = require('./control.js');
const { choose, Runner } = require('./runner.js');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    control: { type: 'boolean', default: false },
    failed: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

const print = (text) => writeSync(1, `${text}\n`);

function tell(record) {
  if (values.json) return print(JSON.stringify(record));
  if (record.end) {
    const problems = [...(record.escapes ?? []), ...(record.faults ?? []), ...(record.weakness ?? [])];
    if (values.failed && problems.length === 0) return;
    print(`${(problems.length > 0 ? 'FAIL' : 'ok').padEnd(5)}${String(record.ran).padStart(6)} ms  ${record.end}`);
    for (const problem of problems) print(`     ${problem}`);
  } else if (record.category) {
    print(`---- ${record.category}: ${record.count} pieces in ${record.ms} ms`);
  } else if (record.done) {
    print(`${record.ms} ms`);
  }
}

async function control(chosen, say) {
  // The rejections in a leaking sandbox reach this process.
  process.on('unhandledRejection', () => {});
  process.on('uncaughtException', () => {});
  for (const [category, pieces] of Object.entries(chosen)) {
    const started = Date.now();
    for (const piece of pieces) {
      const begun = Date.now();
      const weakness = await weaknessOf(piece);
      say({ end: piece.id, ran: Date.now() - begun, weakness: weakness === undefined ? [] : [weakness] });
    }
    say({ category, ms: Date.now() - started, count: pieces.length });
  }
}

async function main() {
  const chosen = choose(...positionals);
  if (Object.values(chosen).flat().length === 0) {
    console.error('no such piece');
    process.exit(2);
  }
  let failed = 0;
  const say = (record) => {
    if (record.escapes?.length || record.faults?.length || record.weakness?.length) failed++;
    tell(record);
  };
  if (values.control) await control(chosen, say);
  else await new Runner(say).run(chosen);
  if (!values.json) print(`${failed} failed`);
  // Ports and timers of the sandboxes may keep the process alive.
  process.exit(failed > 0 ? 1 : 0);
}

main();
