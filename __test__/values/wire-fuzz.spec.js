'use strict';

// Node's side of the codec decodes any bytes to a value, or throws an Error.
// ISOLANE_BYTES=… sets the number of inputs, ISOLANE_SEED=… the seed.

const assert = require('node:assert/strict');
const path = require('node:path');
const { decode } = require('../../lib/values/wire.js');
const { ended, runNode } = require('../support/child.js');
const { test } = require('../support/test.js');

const count = Number(process.env.ISOLANE_BYTES ?? 60_000);
const seed = Number(process.env.ISOLANE_SEED ?? Math.floor(Math.random() * 2 ** 31));
const limit = Math.max(25_000, count / 2);

test('bytes that are no value are refused', { timeout: limit + 5000 }, async () => {
  const child = await runNode(
    ['--max-old-space-size=256', path.join(__dirname, 'wire-fuzz.js'), `${seed}`, `${count}`],
    { limit },
  );
  child.stderr += `ISOLANE_SEED=${seed}`;
  const [{ read, refused, skipped }] = ended(child).said;
  assert.equal(read + refused + skipped, count);
  assert.ok(read > 0 && refused > skipped, JSON.stringify({ read, refused, skipped }));
});

test('a length that exceeds the bytes is refused at once', () => {
  const endless = [
    [9, 8, 255, 255, 255, 255, 255],
    [9, 7, 255, 255, 255, 255, 255, 5, 0],
    [9, 5, 255, 255, 255, 255, 255, 97],
    [9, 6, 255, 255, 255, 255, 127, 97],
    [9, 8, 1],
    [9, 8, 2, 2],
    [9, 7, 1, 5, 1, 97],
    [9],
    [11],
    [12],
    [12, 255, 15, 90],
    [12, 255, 15, 90, 16, 1],
    [12, 255, 15, 90, 6, 1, 2, 3],
    [12, 255, 15, 90, 255, 255, 255, 255, 15, 1],
    [9, 8, 1, 12, 255, 15, 90, 128],
    [10, 0],
    [4, 0],
  ];
  for (const bytes of endless) assert.throws(() => decode(Buffer.from(bytes)), RangeError, `${bytes}`);
});

test('a view of anything but a buffer is refused', () => {
  // A Uint8Array whose buffer is the number 1000.
  const bytes = [0xff, 0x0f, 0x5c, 1, 1, ...Buffer.alloc(16), 0x49, 0xd0, 0x0f];
  assert.throws(() => decode(Buffer.from(bytes)), /a view has no buffer/);
});
