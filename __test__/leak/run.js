'use strict';

// Runs the pairs of tasks of which one plants something and the other looks for it, or some of them:
//
//   node __test__/leak/run.js [category] [part of a name] [--in arrangement] [--control] [--json] [--failed]
//
// `--control` runs them in one shared realm of node:vm, where each pair has to find what was planted.

const { writeSync } = require('node:fs');
const { parseArgs } = require('node:util');
const { ARRANGEMENTS, choose, Runner, seenInSharedRealm } = require('./runner.js');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    control: { type: 'boolean', default: false },
    failed: { type: 'boolean', default: false },
    in: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const print = (text) => writeSync(1, `${text}\n`);

function tell(record) {
  if (values.json) return print(JSON.stringify(record));
  if (record.end) {
    if (values.failed && record.problems.length === 0) return;
    print(`${(record.problems.length > 0 ? 'FAIL' : 'ok').padEnd(5)} ${record.arrangement.padEnd(14)} ${record.end}`);
    for (const problem of record.problems) print(`     ${problem}`);
  } else if (record.arrangement) {
    print(`---- ${record.arrangement}: ${record.count} pairs in ${record.ms} ms`);
  } else if (record.done) {
    print(`${record.ms} ms`);
  }
}

async function control(pairs, say) {
  process.on('unhandledRejection', () => {});
  for (const pair of pairs) {
    // These would fail this process, or never end.
    if (pair.blind || /TIMEOUT|MEMORY/.test(pair.fails)) continue;
    const seen = await seenInSharedRealm(pair);
    const problems = seen === '' ? ['it sees nothing in a shared realm'] : [];
    say({ end: pair.id, arrangement: 'shared realm', problems });
  }
}

async function main() {
  const pairs = choose(...positionals);
  if (pairs.length === 0 || (values.in !== undefined && !ARRANGEMENTS.includes(values.in))) {
    console.error('no such pair');
    process.exit(2);
  }
  let failed = 0;
  const say = (record) => {
    if (record.problems?.length > 0) failed++;
    tell(record);
  };
  if (values.control) await control(pairs, say);
  else await new Runner(say).run(pairs, values.in === undefined ? ARRANGEMENTS : [values.in]);
  if (!values.json) print(`${failed} failed`);
  // Ports and timers of the realm may keep the process alive.
  process.exit(failed > 0 ? 1 : 0);
}

main();
