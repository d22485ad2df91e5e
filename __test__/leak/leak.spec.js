'use strict';

// Nothing that a code task leaves behind is seen by another task, and nothing of handlers by code tasks. What
// a pair is and how to run it alone: leak/run.js.

const assert = require('node:assert/strict');
const path = require('node:path');
const { describe, test } = require('../support/test.js');
const { runNode } = require('../support/child.js');
const { ARRANGEMENTS, choose } = require('./runner.js');

const RUN = path.join(__dirname, 'run.js');
/** Five times what it takes on two idle cores. */
const LIMIT = 240_000;

function problemsOf(child) {
  const ends = child.said.filter(({ end }) => end !== undefined);
  assert.ok(ends.length > 0, `${child.signal ?? child.code}\n${child.stderr.slice(-4000)}`);
  return Object.fromEntries(ends.map(({ end, problems }) => [end, problems]).filter(([, found]) => found.length > 0));
}

describe('nothing is seen of another task', () => {
  for (const arrangement of ARRANGEMENTS) {
    test(arrangement, { timeout: LIMIT }, async () => {
      const child = await runNode([RUN, '--json', '--in', arrangement], { limit: LIMIT });
      assert.deepEqual(problemsOf(child), {});
      assert.ok(
        child.said.some(({ done }) => done),
        child.stderr,
      );
    });
  }
});

test('in a shared realm each look sees what was planted', { timeout: LIMIT }, async () => {
  assert.deepEqual(problemsOf(await runNode([RUN, '--json', '--control'], { limit: LIMIT })), {});
});

test('a name belongs to one pair, and a pair that sees nothing in a shared realm says why', () => {
  const pairs = choose();
  assert.equal(new Set(pairs.map(({ id }) => id)).size, pairs.length);
  for (const { id, blind } of pairs) assert.ok(blind === undefined || blind.length > 0, id);
});
