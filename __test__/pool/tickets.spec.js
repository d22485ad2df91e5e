'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Tickets } = require('../../lib/pool/tasks/tickets.js');

const TYPES = ['one', 'other'];
const seen = ({ ticket, waiter, type, more }) => ({ ticket, waiter, type, more });

/** A pseudo-random sequence, the same on each run. */
function* random() {
  for (let state = 1; ; ) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    yield state >>> 8;
  }
}

test('each task is found as it was added, whatever other tasks are in its row', () => {
  const tickets = new Tickets();
  const there = new Map();
  const numbers = random();
  const next = (below) => numbers.next().value % below;
  for (let ticket = 1; ticket <= 20_000; ticket++) {
    // Some rows have tasks of one type, others of several.
    const type = TYPES[ticket % 1000 < 500 ? 0 : next(2)];
    const more = next(10) === 0 ? { id: `named-${ticket}` } : undefined;
    const added = { ticket, waiter: () => ticket, type, more };
    tickets.add(ticket, added.waiter, type, more);
    there.set(ticket, added);
    const probe = 1 + next(ticket);
    const expected = there.get(probe);
    const got = tickets.get(probe);
    assert.deepEqual(got && seen(got), expected);
    if (expected !== undefined && next(3) > 0) {
      assert.deepEqual(seen(tickets.take(probe)), expected);
      assert.equal(tickets.get(probe), undefined);
      there.delete(probe);
    }
    assert.equal(tickets.size, there.size);
  }
  for (const [ticket, expected] of there) assert.deepEqual(seen(tickets.take(ticket)), expected);
  assert.equal(tickets.size, 0);
});
