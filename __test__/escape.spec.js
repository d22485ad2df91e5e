'use strict';

// Code tasks that try to get out of their realm. What a piece is and how to run it alone: escape/run.js.

const assert = require('node:assert/strict');
const path = require('node:path');
const { describe, test } = require('./support/test.js');
const { runNode } = require('./support/child.js');
const { CATEGORIES, catalogue } = require('./escape/runner.js');

const RUN = path.join(__dirname, 'escape', 'run.js');
/** Five times what it takes on two idle cores. */
const LIMIT = 240_000;

const children = new Map();
/** One child for each category and for isolane and its leaking likenesses, started when first asked for. */
function outcome(...args) {
  const key = args.join(' ');
  if (!children.has(key)) children.set(key, runNode([RUN, '--json', ...args], { limit: LIMIT }));
  return children.get(key);
}

const text = ({ code, signal, said, stderr }) =>
  `the process ended with ${signal ?? `exit code ${code}`} after ${JSON.stringify(said.at(-1))}\n${stderr.slice(-4000)}`;

/** What is wrong, by piece. */
function problemsOf(child, category) {
  const ends = child.said.filter(({ end }) => end?.startsWith(`${category}: `));
  const wrong = ends.map(({ end, escapes = [], faults = [], weakness = [] }) => [
    end,
    [...escapes, ...faults, ...weakness],
  ]);
  assert.equal(ends.length, catalogue()[category].length, text(child));
  return Object.fromEntries(wrong.filter(([, problems]) => problems.length > 0));
}

describe('a code task reaches nothing but its own realm', () => {
  for (const category of CATEGORIES) {
    test(category, { timeout: LIMIT }, async () => {
      assert.deepEqual(problemsOf(await outcome(), category), {});
    });
  }
});

describe('each piece finds its way out of a sandbox that leaks', () => {
  for (const category of CATEGORIES) {
    test(category, { timeout: LIMIT }, async () => {
      // What gets out changes the process: each category has one of its own.
      assert.deepEqual(problemsOf(await outcome('--control', category), category), {});
    });
  }
});

test('a name belongs to one piece', () => {
  for (const [category, pieces] of Object.entries(catalogue())) {
    assert.equal(new Set(pieces.map(({ name }) => name)).size, pieces.length, category);
  }
});
