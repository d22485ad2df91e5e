'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const { ended, runNode } = require('../support/child.js');
const { failure, script, withPool } = require('../support/pool.js');
const { describe, test } = require('../support/test.js');

const MB = 1 << 20;
const HANDLERS = script(`export default {
  echo: (value) => value,
  length: ({ byteLength }) => byteLength,
  drop: (_, ctx) => { const buffer = new ArrayBuffer(40 * 2 ** 20); ctx.transfer(buffer); return buffer; },
  spin: () => { for (;;); },
  hold: () => new Promise(() => {}),
};`);

/** Memory that was written to, so that it is resident. */
const filled = (size) => new Uint8Array(size).fill(1).buffer;
const send = (pool, task, size) => {
  const payload = filled(size);
  return pool.submitTask({ payload, transfer: [payload], ...task });
};

describe('moved buffers count towards the memory limit of the isolate', () => {
  test('while they are there: exceeding it ends the task, but not the worker', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS, workerMemoryLimitMB: 64 });
    await failure(send(pool, { type: 'length' }, 100 * MB), 'ERR_MEMORY_LIMIT');
    assert.equal(await send(pool, { type: 'length' }, 10 * MB), 10 * MB);
    assert.equal(pool.getPoolMetrics().performance.workersRestarted, 0);
  });

  test('until they are gone', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS, workerMemoryLimitMB: 64 });
    const kept = [];
    for (let i = 0; i < 8; i++) kept.push(await send(pool, { type: 'echo' }, 40 * MB));
    for (let i = 0; i < 8; i++) kept.push(await pool.submitTask({ type: 'drop' }));
    assert.ok(kept.every(({ byteLength }) => byteLength === 40 * MB));
  });
});

for (const what of ['rounds', 'ends', 'thread']) {
  test(`no memory is leaked: ${what}`, { timeout: 90_000 }, async () => {
    const child = await runNode([path.join(__dirname, 'transfer-load.js'), what], { limit: 80_000 });
    const [{ before, after }] = ended(child).said;
    assert.ok(after - before < 100, `${before} MB before, ${after} MB after`);
  });
}
