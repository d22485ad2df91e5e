'use strict';

// The limits of host calls.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, withPool } = require('../support/pool.js');

/** Runs the body of an async function. */
const run = (pool, code, inputs, options) => pool.submitTask({ type: 'javascript', code, inputs }, options);

describe('limits', () => {
  test('more than maxHostCalls in flight are refused, and the others are answered', async (t) => {
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    let calls = 0;
    const pool = await withPool(t, { maxHostCalls: 3, host: { wait: () => ++calls && released } });
    const code = `
      const all = Array.from({ length: 10 }, () => host.wait().then(() => 'done', (e) => [e.code, e.message]));
      const refused = await Promise.all(all.slice(3));
      return refused`;
    const refusal = ['ERR_HOST_BUSY', 'too many host calls in flight (limit 3)'];
    assert.deepEqual(await run(pool, code), Array(7).fill(refusal));
    assert.equal(calls, 3);
    release();
    assert.equal(await run(pool, 'await host.wait(); await host.wait(); return 1'), 1);
  });

  test('a hundred listeners of the signal cause no warning', async (t) => {
    const warnings = [];
    const warn = (warning) => warnings.push(warning.message);
    process.on('warning', warn);
    t.after(() => process.off('warning', warn));
    const listen = (_, { signal }) => {
      signal.addEventListener('abort', () => {});
      return new Promise((resolve) => setImmediate(resolve, 1));
    };
    const pool = await withPool(t, { host: { listen } });
    const code = 'return (await Promise.all(Array.from({ length: 100 }, () => host.listen(0)))).length';
    assert.equal(await run(pool, code), 100);
    assert.deepEqual(warnings, []);
  });

  test('a hundred calls are allowed by default', async (t) => {
    let calls = 0;
    const pool = await withPool(t, { host: { hang: () => ++calls && new Promise(() => {}) } });
    const code = `
      const all = Array.from({ length: 120 }, () => host.hang());
      const refused = await Promise.allSettled(all.slice(100));
      return refused.map(({ reason }) => reason.code)`;
    assert.deepEqual(await run(pool, code), Array(20).fill('ERR_HOST_BUSY'));
    assert.equal(calls, 100);
  });

  test('tasks that share an isolate have a limit each', async (t) => {
    const pool = await withPool(t, { maxHostCalls: 2, tasksPerWorker: 2, host: { f: () => 1 } });
    const code = 'for (let i = 0; i < 100; i++) await Promise.all([host.f(), host.f()]); return 1';
    assert.deepEqual(await Promise.all([run(pool, code), run(pool, code)]), [1, 1]);
  });

  test('calls that are not awaited are limited as well', async (t) => {
    let most = 0;
    let open = 0;
    const host = {
      f: async () => {
        most = Math.max(most, ++open);
        await new Promise(setImmediate);
        open--;
      },
    };
    const pool = await withPool(t, { host });
    const code = `
      let refused = 0;
      for (let i = 0; i < 20000; i++) host.f().catch(() => refused++);
      await host.f().catch(() => refused++);
      return refused`;
    assert.ok((await run(pool, code)) > 19_000);
    assert.ok(most <= 100, `${most} at once`);
  });

  test('arguments in flight take no more than the memory of an isolate', async (t) => {
    const pool = await withPool(t, { workerMemoryLimitMB: 64, host: { hang: () => new Promise(() => {}) } });
    const code = `
      const text = 'x'.repeat(2 ** 20);
      const codes = [];
      for (let i = 0; i < 90; i++) {
        host.hang(text).catch((e) => codes.push([e.code, e.message]));
        await null;
      }
      for (let i = 0; i < 50; i++) await null;
      return codes`;
    const codes = await run(pool, code);
    assert.ok(codes.length >= 90 - 64 && codes.length < 60, `${codes.length} refused`);
    const message = 'the arguments of host calls in flight take too much memory (limit 64 MB)';
    assert.deepEqual(codes[0], ['ERR_HOST_BUSY', message]);
  });

  test('an argument that is larger than the memory limit ends its own task only', async (t) => {
    const pool = await withPool(t, { workerMemoryLimitMB: 32, host: { f: () => assert.fail('was called') } });
    await failure(run(pool, 'return host.f(new Uint8Array(2 ** 26))'), 'ERR_MEMORY_LIMIT');
    assert.equal(await run(pool, 'return 1'), 1);
  });

  test('a result that is larger than the memory limit ends its own task only', async (t) => {
    const pool = await withPool(t, { workerMemoryLimitMB: 32, host: { f: () => new Uint8Array(2 ** 26) } });
    await failure(run(pool, 'return (await host.f()).length'), 'ERR_MEMORY_LIMIT');
    assert.equal(await run(pool, 'return 1'), 1);
  });
});
