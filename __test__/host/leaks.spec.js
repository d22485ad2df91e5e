'use strict';

// All calls of a task are released when it is over, on the JavaScript side and in the native pool.

const assert = require('node:assert/strict');
const { Readable } = require('node:stream');
const native = require('../../lib/native/binding.js');
const callsModule = require('../../lib/host/calls.js');

// Replaced before the pool requires them.
const made = {};
for (const [module, name] of [
  [native, 'NativePool'],
  [callsModule, 'Calls'],
]) {
  module[name] = new Proxy(module[name], {
    construct(Original, args) {
      made[name] = new Original(...args);
      return made[name];
    },
  });
}

const { test } = require('../support/test.js');
const { failure, rejection, withPool } = require('../support/pool.js');

const run = (pool, code, options) => pool.submitTask({ type: 'javascript', code }, options);

/** Calls that are open and attempts that have called: in the native pool, then here. */
function kept() {
  const { openCalls, callers } = made.NativePool.status();
  return { openCalls, callers, here: made.Calls.size };
}
const NOTHING = { openCalls: 0, callers: 0, here: 0 };

const host = {
  now: () => 1,
  hang: () => new Promise(() => {}),
  async *rows() {
    for (;;) yield 1;
  },
  unread: () => new Readable({ read() {} }),
  async eat(items) {
    for await (const _ of items);
  },
};

/** Leaves open a call, a stream in each direction and one that nobody reads. */
const LEAVE = `
  const rows = await host.rows();
  await rows.next();
  await host.unread();
  host.eat((async function* () { yield 1; await new Promise(() => {}) })()).catch(() => {});
  host.hang();
  await host.now();`;

test('a task that calls is known while it runs', async (t) => {
  let during;
  const pool = await withPool(t, {
    host: {
      look: () => {
        during = kept();
      },
    },
  });
  await run(pool, 'await host.look()');
  assert.deepEqual(during, { openCalls: 1, callers: 1, here: 1 });
});

const ends = {
  'is done': ['return 1'],
  throws: ['throw new Error("x")', 'ERR_TASK_FAILED'],
  'runs out of time': ['await host.hang()', 'ERR_TASK_TIMEOUT', { timeout: 100 }],
  'is stopped in a loop': ['for (;;);', 'ERR_TASK_TIMEOUT', { timeout: 100 }],
  'takes too much memory': ['return new Uint8Array(2 ** 30).length', 'ERR_MEMORY_LIMIT'],
  'takes its isolate with it': ['const a = []; for (;;) a.push(new Array(1000).fill(0.5))', 'ERR_MEMORY_LIMIT'],
  'is retried': ['throw new Error("again")', 'ERR_TASK_FAILED', { maxRetries: 2 }],
};
for (const [how, [rest, code, options]] of Object.entries(ends)) {
  test(`nothing is kept of a task that ${how}`, async (t) => {
    const pool = await withPool(t, { workerMemoryLimitMB: 32, retryBackoffMs: 0, host });
    const ended = run(pool, `${LEAVE} ${rest}`, options);
    await (code === undefined ? ended : failure(ended, code));
    assert.deepEqual(kept(), NOTHING);
    assert.equal(await run(pool, 'return host.now()'), 1);
    assert.deepEqual(kept(), NOTHING);
  });
}

test('nothing is kept of a task that is aborted', async (t) => {
  const controller = new AbortController();
  const pool = await withPool(t, { host: { ...host, abort: () => controller.abort() } });
  await failure(
    run(pool, `${LEAVE} await host.abort(); await host.hang()`, { signal: controller.signal }),
    'ERR_TASK_ABORTED',
  );
  // After the grace period of an aborted task.
  assert.equal(await run(pool, 'return host.now()'), 1);
  assert.deepEqual(kept(), NOTHING);
});

test('nothing is kept of a task that is stuck in native code, when its isolate is abandoned', async (t) => {
  const pool = await withPool(t, { zombieThresholdMs: 300, restartCooldownMs: 1, host });
  // A search in native code that does not check for interrupts, for a second or more.
  const stuck = '"a".repeat(2 ** 20).lastIndexOf("a".repeat(2 ** 11) + "b")';
  await failure(run(pool, `${LEAVE} ${stuck}; await host.now()`), 'ERR_WORKER_LOST');
  assert.deepEqual(kept(), NOTHING);
  while (pool.getPoolMetrics().workers.zombies > 0) await run(pool, 'await new Promise((r) => setTimeout(r, 20))');
  assert.equal(await run(pool, 'return host.now()'), 1);
  assert.deepEqual(kept(), NOTHING);
});

test('a task that runs again in another worker gets no answers to its earlier calls', async (t) => {
  const answers = [];
  const signals = [];
  const ask = ({ attempt, signal }) =>
    new Promise((resolve) => {
      signals.push([attempt, signal]);
      answers.push(resolve);
      if (answers.length < 2) return;
      answers[0]('late');
      answers[1]('in time');
    });
  const pool = await withPool(t, { tasksPerWorker: 2, restartCooldownMs: 1, host: { ...host, ask } });
  const other = run(pool, 'return host.ask()');
  // Terminated while the event loop turns, when V8 drops the microtasks of the other tasks.
  const loop = 'await new Promise((resolve) => setTimeout(resolve, 1)); for (;;);';
  await failure(run(pool, loop, { timeout: 50 }), 'ERR_TASK_TIMEOUT');
  assert.equal(await other, 'in time');
  assert.deepEqual(
    signals.map(([attempt]) => attempt),
    [1, 1],
  );
  assert.ok(signals.every(([, { aborted }]) => aborted));
  assert.deepEqual(kept(), NOTHING);
});

test('nothing is kept of tasks that share an isolate with the one that breaks it', async (t) => {
  const pool = await withPool(t, { workerMemoryLimitMB: 32, tasksPerWorker: 3, host });
  const others = [1, 2].map(() => run(pool, `${LEAVE} await new Promise((r) => setTimeout(r, 200)); return 1`));
  await failure(run(pool, `${LEAVE} for (;;);`, { timeout: 50 }), 'ERR_TASK_TIMEOUT');
  assert.deepEqual(await Promise.all(others), [1, 1]);
  assert.deepEqual(kept(), NOTHING);
});

test('nothing is kept after a shutdown with open calls', async (t) => {
  const pool = await withPool(t, { tasksPerWorker: 5, host: { ...host, started: () => ++started === 5 && go() } });
  let started = 0;
  let go;
  const running = new Promise((resolve) => {
    go = resolve;
  });
  const all = Array.from({ length: 5 }, () => rejection(run(pool, `${LEAVE} await host.started(); await host.hang()`)));
  await running;
  assert.equal(kept().callers, 5);
  await pool.shutdown(false);
  for (const { code } of await Promise.all(all)) assert.equal(code, 'ERR_POOL_CLOSED');
  assert.deepEqual(kept(), NOTHING);
});

test('nothing is kept after many tasks that end in many ways', async (t) => {
  const pool = await withPool(t, { poolSize: 2, tasksPerWorker: 4, host });
  const rests = ['return 1', 'throw new Error("x")', 'await host.hang()', 'return host.now()'];
  const all = Array.from({ length: 200 }, (_, i) =>
    run(pool, `${LEAVE} ${rests[i % rests.length]}`, { timeout: 300 }).catch(({ code }) => code),
  );
  const seen = await Promise.all(all);
  assert.ok(seen.includes(1) && seen.includes('ERR_TASK_FAILED') && seen.includes('ERR_TASK_TIMEOUT'));
  assert.deepEqual(kept(), NOTHING);
});
