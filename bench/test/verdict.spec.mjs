import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairedRatios } from '../result.mjs';
import { verdictOn } from '../verdict.mjs';

const nine = (ratio) => Array.from({ length: 9 }, () => ratio);

test('more of what is done a second is better, more of what it costs is worse', () => {
  assert.equal(verdictOn('tasks/s', nine(1.02)), 'BETTER');
  assert.equal(verdictOn('tasks/s', nine(0.98)), 'WORSE');
  assert.equal(verdictOn('ms', nine(1.02)), 'WORSE');
  assert.equal(verdictOn('ms', nine(0.98)), 'BETTER');
  assert.equal(verdictOn('× burst', nine(1.02)), 'BETTER');
});

test('one round of nine may differ, two may not', () => {
  assert.equal(verdictOn('tasks/s', [...nine(1.1).slice(1), 0.9]), 'BETTER');
  assert.equal(verdictOn('tasks/s', [...nine(1.1).slice(2), 0.9, 0.8]), 'no difference to be seen');
});

test('five rounds are too few, whatever they say', () => {
  assert.equal(verdictOn('tasks/s', nine(3).slice(4)), 'too few rounds to say');
  assert.equal(verdictOn('tasks/s', []), 'too few rounds to say');
});

test('equal figures say nothing', () => {
  assert.equal(verdictOn('tasks/s', nine(1)), 'too few rounds to say');
});

test('ratios are of figures of the same round, and a failed round has none', () => {
  const runs = [
    { round: 1, contender: 'after', figures: { speed: 30 } },
    { round: 1, contender: 'before', figures: { speed: 10 } },
    { round: 2, contender: 'before', figures: { speed: 20 } },
    { round: 2, contender: 'after', error: 'hung' },
    { round: 3, contender: 'before', figures: { speed: 40 } },
    { round: 3, contender: 'after', figures: { speed: 20 } },
  ];
  assert.deepEqual(pairedRatios(runs, 'speed', 'after', 'before'), [3, 0.5]);
});
