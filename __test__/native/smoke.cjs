'use strict';

// Run by versions.spec.js: what has to work on every version.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { createServer } = require('node:http');
const { createWorkerPool } = require('../..');
const { Permissions, permissions } = require('../../lib/options/permissions.js');

const code = `export default {
  echo: (value) => value,
  fail() { throw Object.assign(new RangeError('no', { cause: new TypeError('why') }), { code: 'E' }); },
};`;

const values = [
  1,
  -0,
  'größe',
  '漢字 \ud800',
  null,
  undefined,
  5n,
  [1, , 3],
  { a: [{}] },
  new Date(0),
  /a/giu,
  new Map([[{}, new Set([1])]]),
  Uint8Array.of(1, 2),
  BigInt64Array.of(1n),
  new Float64Array(0),
  'x'.repeat(100_000),
];

(async () => {
  console.log(process.version);
  const { createWorkerPool: fromModule } = await import('../../index.mjs');
  assert.equal(fromModule, createWorkerPool);
  const pool = await createWorkerPool({ poolSize: 2, maxTaskRetries: 0, workerScript: { code } });
  for (const payload of values) assert.deepEqual(await pool.submitTask({ type: 'echo', payload }), payload);

  const sent = Object.assign(new RangeError('no', { cause: new TypeError('why') }), { code: 'E' });
  const back = await pool.submitTask({ type: 'echo', payload: { sent } });
  for (const error of [back.sent, await pool.submitTask({ type: 'fail' }).catch((error) => error.cause)]) {
    assert.ok(error instanceof RangeError);
    assert.deepEqual(
      [error.message, error.code, error.cause.name, error.cause.message],
      ['no', 'E', 'TypeError', 'why'],
    );
  }

  const run = (text, task) => pool.submitTask({ type: 'javascript', code: text, ...task });
  assert.equal(await run('const n: number = inputs; return n + 1', { inputs: 1 }), 2);
  await assert.rejects(run('for (;;);', { timeout: 50 }), { code: 'ERR_TASK_TIMEOUT' });
  await assert.rejects(run('await new Promise(() => {})', { timeout: 50 }), { code: 'ERR_TASK_TIMEOUT' });
  await assert.rejects(run('return () => {}'), { code: 'ERR_DATA_CLONE' });
  await assert.rejects(run('return 1', { inputs: () => {} }), { code: 'ERR_DATA_CLONE' });
  assert.equal(await pool.scaleUp(), 3);
  assert.equal(await pool.scaleDown(2), 1);
  const results = await pool.submitTasks(
    Array.from({ length: 1000 }, (_, payload) => ({ type: 'echo', payload })).slice(0, 500),
  );
  assert.ok(results.every(({ value }, i) => value === i));
  assert.equal(pool.getPoolMetrics().tasks.queued, 0);
  await pool.shutdown();

  const server = createServer((request, response) => request.pipe(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `localhost:${server.address().port}`;
  const given = new Permissions(permissions('permissions', { net: [host] }));
  const body = (async function* () {
    yield Buffer.from('sent');
  })();
  const response = await given.fetch({ url: `http://${host}`, method: 'POST', body }, { task: {} });
  for await (const chunk of response.body) assert.equal(Buffer.from(chunk).toString(), 'sent');
  await assert.rejects(given.fetch({ url: 'http://127.0.0.1' }, { task: {} }), { code: 'ERR_NET_FORBIDDEN' });
  await given.close();
  server.close();
  console.log('everything works');
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
