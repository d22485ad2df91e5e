'use strict';

const assert = require('node:assert/strict');
const { MessageChannel } = require('node:worker_threads');
const fc = require('fast-check');
const { failure, script, withPool } = require('../support/pool.js');
const { describe, test } = require('../support/test.js');

const MB = 1 << 20;
const HANDLERS = script(`
  const kept = [];
  export default {
    echo: (value) => value,
    later: async (value) => { await null; return value; },
    sum: (views) => views.map((view) => view.reduce((sum, item) => sum + Number(item), 0)),
    sharing: ({ a, b }) => { a[0] = 77; return [a.buffer === b.buffer, b[0], b.buffer.byteLength]; },
    fail: () => { throw new Error('no'); },
    length: ({ byteLength }) => byteLength,
    made: (length, ctx) => {
      const buffer = new ArrayBuffer(length);
      new Uint8Array(buffer).fill(5);
      ctx.transfer(buffer);
      kept.push(buffer);
      return { buffer, end: new Uint8Array(buffer, length - 1) };
    },
    unnamed: () => { const buffer = new ArrayBuffer(3 * 2 ** 20); kept.push(buffer); return buffer; },
    named: (_, ctx) => { const buffer = new ArrayBuffer(10); ctx.transfer(buffer); kept.push(buffer); return 1; },
    kept: () => kept.map((buffer) => buffer.byteLength),
    misuse: (_, { transfer }) => {
      const detached = new ArrayBuffer(1);
      structuredClone(detached, { transfer: [detached] });
      return [1, null, new Uint8Array(1), detached, new ArrayBuffer(1, { maxByteLength: 2 })].map((value) => {
        try {
          transfer(value);
        } catch (error) {
          return error.name;
        }
      });
    },
    hold: () => new Promise(() => {}),
    eat: () => { for (const all = []; ; ) all.push({}); },
  };`);

/** Bytes that depend on their position. */
function pattern(length, seed = 1) {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 12) * 7 + seed) & 0xff;
  return bytes;
}

describe('a buffer that is moved', () => {
  for (const length of [0, 1, 5000, MB, 40 * MB + 3]) {
    test(`is detached at once and comes back unchanged: ${length} bytes`, async (t) => {
      const pool = await withPool(t, { workerScript: HANDLERS });
      const { buffer } = pattern(length);
      const promise = pool.submitTask({ type: 'echo', payload: { buffer }, transfer: [buffer] });
      assert.equal(buffer.byteLength, 0);
      assert.throws(() => new Uint8Array(buffer), TypeError);
      const back = await promise;
      assert.ok(back.buffer instanceof ArrayBuffer);
      assert.deepEqual(Buffer.from(back.buffer), Buffer.from(pattern(length)));
      const again = structuredClone(back.buffer, { transfer: [back.buffer] });
      assert.equal(again.byteLength, length, 'it can be moved on');
    });
  }

  test('has the contents that were written, whatever its size and wherever a view begins', {
    timeout: 60_000,
  }, async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const around = (...sizes) => fc.oneof(...sizes.map((size) => fc.integer({ min: size - 20, max: size + 20 })));
    await fc.assert(
      fc.asyncProperty(
        around(20, 4096, 65_536, 256 << 10, (256 << 10) + 4096, MB, 2 * MB + 4096),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom('echo', 'later'),
        async (length, share, type) => {
          const bytes = pattern(length, length);
          const offset = Math.floor(length * share);
          const view = new Uint8Array(bytes.buffer, offset);
          const expected = bytes.slice();
          const back = await pool.submitTask({ type, payload: { bytes, view }, transfer: [bytes.buffer] });
          assert.equal(back.bytes.buffer, back.view.buffer);
          assert.equal(back.view.byteOffset, offset);
          assert.equal(Buffer.compare(back.bytes, expected), 0);
          back.view.fill(9);
          assert.equal(back.bytes[length - 1], offset < length ? 9 : expected[length - 1]);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is shared by views of any kind', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const { buffer } = new Float64Array([1.5, 2.5, 3.5]);
    const views = [new Float64Array(buffer), new Float64Array(buffer, 8, 1), Buffer.from(buffer, 0, 0)];
    assert.deepEqual(await pool.submitTask({ type: 'sum', payload: views, transfer: [buffer] }), [7.5, 2.5, 0]);
    const bytes = pattern(MB);
    const payload = { a: bytes, b: bytes.subarray(0, 10) };
    assert.deepEqual(await pool.submitTask({ type: 'sharing', payload, transfer: [bytes.buffer] }), [true, 77, MB]);
  });

  test('is detached also when the payload does not contain it', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const buffer = new ArrayBuffer(10);
    assert.equal(await pool.submitTask({ type: 'echo', payload: 1, transfer: [buffer] }), 1);
    assert.equal(buffer.byteLength, 0);
  });

  test('can be passed to code tasks, and in the second argument', async (t) => {
    const pool = await withPool(t);
    const [first, second] = [pattern(10), pattern(2 * MB)];
    const task = { type: 'javascript', code: 'return [inputs[9], config.second]', inputs: first, config: { second } };
    const [last, back] = await pool.submitTask(task, { transfer: [first.buffer, second.buffer] });
    assert.equal(last, pattern(10)[9]);
    assert.equal(Buffer.compare(back, pattern(2 * MB)), 0);
    assert.equal(first.byteLength + second.byteLength, 0);
  });

  test('can be passed with others in a batch', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS, poolSize: 2 });
    const tasks = [1, 2, 3, 4].map((seed) => {
      const bytes = pattern(300_000 * seed, seed);
      return { type: 'echo', payload: bytes, ...(seed % 2 && { transfer: [bytes.buffer] }) };
    });
    const results = await pool.submitTasks(tasks);
    for (const [i, { value }] of results.entries()) {
      assert.equal(Buffer.compare(value, pattern(300_000 * (i + 1), i + 1)), 0);
    }
    assert.deepEqual(
      tasks.map(({ payload }) => payload.byteLength > 0),
      [false, true, false, true],
    );
  });
});

describe('a transfer that is refused leaves the buffers as they are:', () => {
  const detached = new ArrayBuffer(1);
  structuredClone(detached, { transfer: [detached] });
  for (const [name, transfer] of [
    ['no array', new ArrayBuffer(1)],
    ['a view', [new Uint8Array(1)]],
    ['shared memory', [new SharedArrayBuffer(1)]],
    ['a number', [1]],
    ['a detached buffer', [detached]],
    ['memory of WebAssembly', [new WebAssembly.Memory({ initial: 1 }).buffer]],
    ["Node's own pool", [Buffer.from('pooled').buffer]],
    ['a resizable buffer', [new ArrayBuffer(1, { maxByteLength: 2 })]],
  ]) {
    test(name, async (t) => {
      const pool = await withPool(t, { workerScript: HANDLERS });
      const good = new ArrayBuffer(8);
      const list = Array.isArray(transfer) ? [good, ...transfer] : transfer;
      const error = await failure(pool.submitTask({ type: 'echo', payload: good, transfer: list }), 'ERR_INVALID_ARG');
      assert.match(error.message, /task\.transfer/);
      assert.equal(good.byteLength, 8);
      assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
    });
  }

  test('a message port', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const { port1 } = new MessageChannel();
    t.after(() => port1.close());
    const error = await failure(pool.submitTask({ type: 'echo', transfer: [port1] }), 'ERR_INVALID_ARG');
    assert.match(error.message, /ArrayBuffers/);
  });

  test('the same one twice, a payload that cannot be cloned, an id that is taken, retries', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const buffer = new ArrayBuffer(8);
    const submit = (task) => pool.submitTask({ type: 'echo', transfer: [buffer], ...task });
    await failure(submit({ transfer: [buffer, buffer] }), 'ERR_INVALID_ARG');
    await failure(submit({ payload: { buffer, fn() {} } }), 'ERR_DATA_CLONE');
    await failure(submit({ maxRetries: 1 }), 'ERR_INVALID_ARG');
    const taken = pool.submitTask({ type: 'echo', id: 'one' });
    await failure(submit({ id: 'one' }), 'ERR_INVALID_ARG');
    await taken;
    await failure(submit({ signal: AbortSignal.abort() }), 'ERR_TASK_ABORTED');
    assert.equal(buffer.byteLength, 8);
    await pool.shutdown();
    await failure(submit({}), 'ERR_POOL_CLOSED');
    assert.equal(buffer.byteLength, 8);
  });
});

test('a task that moved its payload is not retried, and its dead letter has empty buffers', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, maxTaskRetries: 3, retryBackoffMs: 0 });
  const bytes = pattern(100);
  const task = { type: 'fail', payload: { bytes, note: 'here' }, transfer: [bytes.buffer], id: 'it' };
  const error = await failure(pool.submitTask(task), 'ERR_TASK_FAILED');
  assert.equal(error.attempts, 1);
  const [letter] = pool.getDeadLetterQueue();
  assert.deepEqual(letter.payload, { bytes: new Uint8Array(0), note: 'here' });
  const again = await failure(pool.retryDeadLetter('it'), 'ERR_DATA_CLONE');
  assert.match(again.message, /transferred buffers went to an earlier attempt/);
});

test('a task that moved its payload does not run again when another task has ended its worker', async (t) => {
  const options = { workerScript: HANDLERS, tasksPerWorker: 2, workerMemoryLimitMB: 32, taskTimeout: 20_000 };
  const pool = await withPool(t, options);
  const bytes = pattern(100);
  const held = pool.submitTask({ type: 'hold', payload: bytes, transfer: [bytes.buffer] });
  const lost = pool.submitTask({ type: 'eat' });
  const [error] = await Promise.all([failure(held, 'ERR_DATA_CLONE'), failure(lost, 'ERR_MEMORY_LIMIT')]);
  assert.match(error.message, /transferred buffers went to an earlier attempt/);
});

describe('out of an isolate moves', () => {
  test('each buffer that a handler passes to ctx.transfer, which detaches it', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    for (const length of [3 * MB, 40 * MB]) {
      const { buffer, end } = await pool.submitTask({ type: 'made', payload: length });
      assert.ok(Buffer.from(buffer).equals(Buffer.alloc(length, 5)));
      assert.equal(end.buffer, buffer);
      assert.deepEqual([end.byteOffset, end.length], [length - 1, 1]);
    }
    assert.equal(await pool.submitTask({ type: 'named' }), 1);
    assert.equal((await pool.submitTask({ type: 'unnamed' })).byteLength, 3 * MB);
    assert.deepEqual(await pool.submitTask({ type: 'kept' }), [0, 0, 0, 3 * MB]);
  });

  test('nothing else: ctx.transfer refuses other values', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    assert.deepEqual(await pool.submitTask({ type: 'misuse' }), Array(5).fill('TypeError'));
  });

  test('a result that is a buffer, from a realm that ends with its task', async (t) => {
    const pool = await withPool(t);
    const code = 'return new Uint8Array(inputs).fill(3)';
    const bytes = await pool.submitTask({ type: 'javascript', code, inputs: 5 * MB });
    assert.ok(bytes.length === 5 * MB && bytes.every((byte) => byte === 3));
  });

  test('no buffer that a getter of the result detaches, which fails its own task only', async (t) => {
    const code = `const buffer = inputs;
      return { get a() { structuredClone(buffer, { transfer: [buffer] }); return 1; }, buffer };`;
    const pool = await withPool(t);
    for (const length of [10, MB]) {
      const inputs = new ArrayBuffer(length);
      const back = await pool
        .submitTask({ type: 'javascript', code, inputs, transfer: [inputs] })
        .catch((error) => error);
      assert.ok(back.code === 'ERR_DATA_CLONE' || back.buffer.byteLength === 0, back);
    }
    assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1' }), 1);
  });
});
