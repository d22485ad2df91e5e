import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../progress.mjs';

const MINUTE = 60_000;
const step = (done, total) => `[v8 1.2.3] [${done}/${total}] CXX obj/api.o`;

test("only ninja's own lines of the v8 crate count as steps", () => {
  const progress = new Progress('V8', 0);
  assert.equal(progress.line(step(3, 10), 0), true);
  for (const other of [
    '[v8 1.2.3] cargo:warning=[1/2] x',
    '[bindgen 0.71.1] [1/2] x',
    '   Compiling v8 v1.2.3',
    '[1/2] x',
  ]) {
    assert.equal(progress.line(other, 0), false, other);
  }
});

test('before the first step there is no estimate', () => {
  const progress = new Progress('V8', 0);
  assert.equal(progress.text(2 * MINUTE), 'V8: preparing, 2 min');
  progress.line(step(1, 100), 2 * MINUTE);
  assert.equal(progress.text(3 * MINUTE), 'V8: 1 of 100 steps (1 %), 3 min');
});

test('the time left follows from the speed since the first step', () => {
  const progress = new Progress('V8', 0);
  progress.line(step(0, 100), 5 * MINUTE);
  progress.line(step(75, 100), 15 * MINUTE);
  assert.equal(progress.text(15 * MINUTE), 'V8: 75 of 100 steps (75 %), 15 min, about 5 min left');
});

test('the second half of the steps counts twice', () => {
  const progress = new Progress('V8', 0);
  progress.line(step(0, 100), 0);
  progress.line(step(50, 100), 10 * MINUTE);
  assert.match(progress.text(10 * MINUTE), /about 20 min left$/);
});

test('the last step is not told to take no time', () => {
  const progress = new Progress('V8', 0);
  progress.line(step(0, 1000), 0);
  progress.line(step(999, 1000), 10 * MINUTE);
  assert.match(progress.text(10 * MINUTE), /about 1 min left$/);
});

test('a count that starts anew does not spoil the estimate', () => {
  const progress = new Progress('V8', 0);
  progress.line(step(1, 2), 0);
  progress.line(step(1, 1000), 10 * MINUTE);
  progress.line(step(500, 1000), 15 * MINUTE);
  assert.match(progress.text(15 * MINUTE), /about 10 min left$/);
});

test('a log gets a line after 5 percent', () => {
  const progress = new Progress('V8', 0);
  progress.line(step(4, 100), 1000);
  assert.equal(progress.due(1000), undefined);
  progress.line(step(5, 100), 2000);
  assert.match(progress.due(2000), /5 of 100/);
  progress.line(step(9, 100), 3000);
  assert.equal(progress.due(3000), undefined);
});

test('a log gets a line after 30 seconds without a step', () => {
  const progress = new Progress('V8', 0);
  assert.equal(progress.due(29_999), undefined);
  assert.match(progress.due(30_000), /preparing/);
  assert.equal(progress.due(59_999), undefined);
  assert.match(progress.due(60_000), /preparing/);
});
