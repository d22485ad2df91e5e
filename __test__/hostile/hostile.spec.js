'use strict';

// The hostile catalogue, run three times in one process and one pool, among ordinary tasks. hostile/runner.js defines a
// piece, and hostile/run.js runs one alone.

const assert = require('node:assert/strict');
const path = require('node:path');
const { describe, test } = require('../support/test.js');
const { runNode } = require('../support/child.js');
const { CATEGORIES, catalogue } = require('./runner.js');

const ROUNDS = 3;
/** Five times what it takes on two idle cores. */
const LIMIT = 480_000;

const RUN = path.join(__dirname, 'run.js');

let running;
/** One child process for all tests here, started by the first of them. */
const outcome = () => {
  running ??= runNode([RUN, '--json', '--rounds', String(ROUNDS)], { limit: LIMIT });
  return running;
};

/** The pieces that were running when the process ended. */
function unfinished(said) {
  const open = new Set();
  for (const { begin, end } of said) {
    if (begin) open.add(begin);
    if (end) open.delete(end);
  }
  return [...open].join(', ') || 'nothing';
}

const how = ({ code, signal, said, stderr }) =>
  `the process ended with ${signal ?? `exit code ${code}`} while it ran: ${unfinished(said)}\n${stderr.slice(-4000)}`;

for (let round = 1; round <= ROUNDS; round++) {
  describe(`round ${round}`, () => {
    for (const category of CATEGORIES) {
      test(`${category}: each piece has its own end, and everybody else their own`, { timeout: LIMIT }, async () => {
        const child = await outcome();
        const report = child.said.find((record) => record.category === category && record.round === round);
        assert.ok(report, how(child));
        assert.deepEqual(report.problems, []);
        assert.equal(report.count, catalogue()[category].length);
      });
    }
  });
}

test('in the end each task has settled exactly once, and the process ends by itself', { timeout: LIMIT }, async () => {
  const child = await outcome();
  const last = child.said.find(({ done }) => done);
  assert.ok(last, how(child));
  const ofRounds = child.said.filter(({ category }) => category).flatMap(({ problems }) => problems);
  assert.deepEqual(
    last.problems.filter((problem) => !ofRounds.includes(problem)),
    [],
  );
  assert.equal(child.signal, null);
  assert.equal(child.code, ofRounds.length > 0 ? 1 : 0, how(child));
});

test('a name belongs to one piece, and a piece that may end in several ways says why', () => {
  for (const [category, pieces] of Object.entries(catalogue())) {
    assert.equal(new Set(pieces.map(({ name }) => name)).size, pieces.length, category);
    for (const { name, code, handler, expect, varies } of pieces) {
      assert.ok((code === undefined) !== (handler === undefined), name);
      assert.ok(!Array.isArray(expect) || expect.length === 1 || varies, `${category}: ${name}`);
    }
  }
});
