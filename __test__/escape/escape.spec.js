'use strict';

// Code tasks that try to escape from their realm. escape/runner.js defines a piece, and escape/run.js runs one alone.

const assert = require('node:assert/strict');
const path = require('node:path');
const { describe, test } = require('../support/test.js');
const { runNode } = require('../support/child.js');
const { CATEGORIES, catalogue } = require('./runner.js');

const RUN = path.join(__dirname, 'run.js');
/** Five times what it takes on two idle cores. */
const LIMIT = 240_000;

const run = (...args) => runNode([RUN, '--json', ...args], { limit: LIMIT });

/** One child process for isolane, and one for each category in the sandboxes, where an escape changes its process. */
let running;
function start() {
  if (running !== undefined) return running;
  running = { isolane: run(), control: {} };
  let last = Promise.resolve();
  for (const category of CATEGORIES) {
    last = last.then(() => run('--control', category));
    running.control[category] = last;
  }
  return running;
}

const text = ({ code, signal, said, stderr }) =>
  `the process ended with ${signal ?? `exit code ${code}`} after ${JSON.stringify(said.at(-1))}\n${stderr.slice(-4000)}`;

/** The problems of each piece that has any. */
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
      assert.deepEqual(problemsOf(await start().isolane, category), {});
    });
  }
});

describe('each piece finds its way out of a sandbox that leaks', () => {
  for (const category of CATEGORIES) {
    test(category, { timeout: LIMIT }, async () => {
      assert.deepEqual(problemsOf(await start().control[category], category), {});
    });
  }
});

test('a name belongs to one piece', () => {
  for (const [category, pieces] of Object.entries(catalogue())) {
    assert.equal(new Set(pieces.map(({ name }) => name)).size, pieces.length, category);
  }
});
