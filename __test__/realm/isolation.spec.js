'use strict';

// `isolation: 'isolate'`: each such task has an isolate of its own, with which the worker's thread replaces the one
// before it.

const assert = require('node:assert/strict');
const { readdirSync, writeFileSync } = require('node:fs');
const path = require('node:path');
const { describe, test } = require('../support/test.js');
const { folder } = require('../support/folder.js');
const { failure, HOLD, nextEvent, occupy, record, rejection, script, withPool } = require('../support/pool.js');

const COUNTER = 'let n = 0; export const count = () => ++n;';
const isolate = { isolation: 'isolate' };
const code = (text, rest) => ({ type: 'javascript', code: text, ...rest });
/** Keeps the process alive: a pool without tasks does not, and its events would not be emitted. */
function stayAlive(t) {
  const timer = setInterval(() => {}, 1000);
  t.after(() => clearInterval(timer));
}

const started = (pool) => pool.getPoolMetrics().isolates.started;

describe('what is new for each task', () => {
  test('each task finds the worker script as it was loaded', async (t) => {
    const pool = await withPool(t, { workerScript: script(COUNTER), ...isolate });
    for (let i = 0; i < 3; i++) assert.equal(await pool.submitTask({ type: 'count' }), 1);
    const burst = await Promise.all(Array.from({ length: 5 }, () => pool.submitTask({ type: 'count' })));
    assert.deepEqual(burst, [1, 1, 1, 1, 1]);
  });

  test('a code task finds neither globals nor prototypes of the one before it', async (t) => {
    const pool = await withPool(t, isolate);
    const tamper = 'globalThis.left = 1; Array.prototype.map = () => "tampered"; return typeof left';
    assert.equal(await pool.submitTask(code(tamper)), 'number');
    assert.deepEqual(await pool.submitTask(code('return [typeof left, [1].map(String)]')), ['undefined', ['1']]);
  });

  test('a timer of a task that is over does not fire', async (t) => {
    const pool = await withPool(t, isolate);
    const lines = record(pool, 'console');
    await pool.submitTask(code('setTimeout(() => console.log("late"), 1); return 1'));
    await pool.submitTask(code('await new Promise((resolve) => setTimeout(resolve, 20)); console.log("own")'));
    await pool.drain();
    await pool.shutdown();
    assert.deepEqual(
      lines.map(([, { text }]) => text),
      ['own'],
    );
  });

  test('pending operations of an ended task do not delay others', async (t) => {
    const pool = await withPool(t, isolate);
    const leave = `
      const { port1 } = new MessageChannel();
      port1.onmessage = () => {};
      crypto.subtle.digest('SHA-256', new Uint8Array(8 << 20));
      return 'left'`;
    for (let i = 0; i < 3; i++) assert.equal(await pool.submitTask(code(leave)), 'left');
    assert.equal(pool.getPoolMetrics().performance.workersRestarted, 0);
  });
});

describe('a worker of shared tasks', () => {
  const COUNT = { type: 'count' };

  test('has a new isolate for a task that asks for one, and for the tasks after it', async (t) => {
    const pool = await withPool(t, { workerScript: script(COUNTER) });
    const [a, b, own, c, d] = await Promise.all([
      pool.submitTask(COUNT),
      pool.submitTask(COUNT),
      pool.submitTask(COUNT, isolate),
      pool.submitTask(COUNT),
      pool.submitTask(COUNT),
    ]);
    assert.deepEqual([a, b, own, c, d], [1, 2, 1, 1, 2]);
    assert.equal(started(pool), 3);
    assert.equal(pool.getPoolMetrics().performance.workersSpawned, 1);
  });

  test('does not replace an isolate in which nothing has run', async (t) => {
    const pool = await withPool(t, { workerScript: script(COUNTER) });
    assert.equal(await pool.submitTask({ ...COUNT, ...isolate }), 1);
    assert.equal(await pool.submitTask({ ...COUNT, ...isolate }), 1);
    assert.equal(await pool.submitTask(COUNT), 1);
    // One isolate at the start, and one after each of the two tasks.
    assert.equal(started(pool), 3);
  });

  test('keeps the order of priorities', async (t) => {
    const pool = await withPool(t, { workerScript: script(`export default { ${HOLD} run: (name) => name }`) });
    const busy = await occupy(pool);
    const ended = [];
    const submit = (name, priority, rest) =>
      pool.submitTask({ type: 'run', payload: name, priority, ...rest }).then((name) => ended.push(name));
    const all = [submit('c', 30, isolate), submit('a', 1, isolate), submit('d', 40), submit('b', 20)];
    await busy.release();
    await Promise.all(all);
    assert.deepEqual(ended, ['a', 'b', 'c', 'd']);
  });
});

describe('a task that ends badly', () => {
  test('is tried again in another isolate', async (t) => {
    const flaky = `
      const seen = globalThis.seen ??= [];
      export const run = (_, { attempt }) => {
        if (seen.push(attempt) > 1) return 'not fresh';
        if (attempt < 3) throw new Error('again');
        return attempt;
      };`;
    const pool = await withPool(t, { workerScript: script(flaky), maxTaskRetries: 3, retryBackoffMs: 1, ...isolate });
    assert.equal(await pool.submitTask({ type: 'run' }), 3);
  });

  test('runs out of time in a loop, and the next one is not affected', async (t) => {
    const pool = await withPool(t, isolate);
    const late = pool.submitTask(code('for (;;);', { timeout: 100 }));
    const next = pool.submitTask(code('return 1'));
    await failure(late, 'ERR_TASK_TIMEOUT');
    assert.equal(await next, 1);
    assert.equal(pool.getPoolMetrics().performance.workersRestarted, 0);
  });

  test('runs out of time while it waits', async (t) => {
    const pool = await withPool(t, isolate);
    await failure(pool.submitTask(code('await new Promise(() => {})', { timeout: 50 })), 'ERR_TASK_TIMEOUT');
    assert.equal(await pool.submitTask(code('return 1')), 1);
  });

  test('is aborted', async (t) => {
    const pool = await withPool(t, { workerScript: script(`export default { ${HOLD} run: () => 1 }`), ...isolate });
    const busy = await occupy(pool);
    await busy.release();
    assert.equal(await pool.submitTask({ type: 'run' }), 1);
  });

  test('takes too much memory, which replaces its isolate but not its thread', async (t) => {
    const pool = await withPool(t, { workerMemoryLimitMB: 32, ...isolate });
    const alert = nextEvent(pool, 'memory-alert', ({ reason }) => reason === 'limit');
    const fill = 'const all = []; for (;;) all.push(new Array(1000).fill(all.length))';
    await failure(pool.submitTask(code(fill)), 'ERR_MEMORY_LIMIT');
    assert.ok((await alert).heapUsedMB > 16);
    assert.equal(await pool.submitTask(code('return 1')), 1);
    assert.equal(pool.getPoolMetrics().performance.workersRestarted, 0);
  });
});

describe('an isolate that is being started', () => {
  const LOADING = {
    loop: 'for (const until = Date.now() + ms; Date.now() < until; );',
    wait: 'await new Promise((resolve) => setTimeout(resolve, ms));',
  };

  /** A script that takes `ms` to load after `delay` was called. Its handler returns that time, or 0 before. */
  const slow = (t, ms, how) => {
    const at = folder(t, {
      'slow.mjs': 'export const ms = 0;',
      'worker.mjs': `import { ms } from './slow.mjs'; ${LOADING[how]} export const run = () => ms;`,
    });
    return {
      workerScript: path.join(at, 'worker.mjs'),
      delay: () => writeFileSync(path.join(at, 'slow.mjs'), `export const ms = ${ms};`),
    };
  };
  const RUN = { type: 'run' };

  for (const how of ['loop', 'wait']) {
    test(`delays the next task until it is ready (${how})`, async (t) => {
      const { workerScript, delay } = slow(t, 200, how);
      const pool = await withPool(t, { workerScript, ...isolate });
      delay();
      assert.equal(await pool.submitTask(RUN), 0);
      assert.equal(await pool.submitTask(RUN), 200);
    });

    test(`lets a task that runs out of time meanwhile end, and runs the next one (${how})`, async (t) => {
      const { workerScript, delay } = slow(t, 400, how);
      const pool = await withPool(t, { workerScript, ...isolate });
      delay();
      const [first, late] = [pool.submitTask(RUN), pool.submitTask(RUN, { timeout: 50 })];
      assert.equal(await first, 0);
      await failure(late, 'ERR_TASK_TIMEOUT');
      assert.equal(await pool.submitTask(RUN), 400);
      assert.equal(pool.getPoolMetrics().performance.workersRestarted, 0);
    });

    test(`never runs a task that is aborted meanwhile (${how})`, async (t) => {
      const { workerScript, delay } = slow(t, 400, how);
      const pool = await withPool(t, { workerScript, ...isolate });
      delay();
      const controller = new AbortController();
      const lines = record(pool, 'console');
      const first = pool.submitTask(code('return 0'));
      const begun = nextEvent(pool, 'task-started', ({ taskId }) => taskId === 'aborted');
      const aborted = pool.submitTask(code('console.log("ran")', { id: 'aborted', signal: controller.signal }));
      await first;
      await begun;
      controller.abort();
      await failure(aborted, 'ERR_TASK_ABORTED');
      assert.equal(await pool.submitTask(RUN), 400);
      assert.deepEqual(lines, []);
    });

    test(`does not block a shutdown (${how})`, async (t) => {
      const { workerScript, delay } = slow(t, 60_000, how);
      const pool = await withPool(t, { workerScript, ...isolate });
      delay();
      assert.equal(await pool.submitTask(RUN), 0);
      const since = performance.now();
      await pool.shutdown(false);
      assert.ok(performance.now() - since < 4000, 'before it would have been given up');
    });

    test(`does not block a restart of its worker (${how})`, async (t) => {
      const { workerScript, delay } = slow(t, 60_000, how);
      const pool = await withPool(t, { workerScript, ...isolate });
      const exited = nextEvent(pool, 'worker-exited');
      delay();
      assert.equal(await pool.submitTask(RUN), 0);
      const restarted = pool.restartWorker(0);
      assert.equal((await exited).reason, 'restart');
      await pool.shutdown(false);
      await rejection(restarted);
    });

    test(`may take as long as one at the start of the pool (${how})`, async (t) => {
      const { workerScript, delay } = slow(t, 60_000, how);
      const pool = await withPool(t, { workerScript, zombieThresholdMs: 1000, restartCooldownMs: 60_000, ...isolate });
      stayAlive(t);
      const error = nextEvent(pool, 'worker-error');
      const zombies = record(pool, 'zombie-detected');
      delay();
      assert.equal(await pool.submitTask(RUN), 0);
      assert.match((await error).error.message, /did not load within 1s/);
      assert.deepEqual(zombies, []);
    });
  }

  /** A script whose top-level code is replaced by `spoil(text)`. */
  const spoilt = (t) => {
    const at = folder(t, {
      'part.mjs': 'export const ok = 1;',
      'worker.mjs': "import './part.mjs'; export const run = (value) => value;",
    });
    const spoil = (text) => writeFileSync(path.join(at, 'part.mjs'), text);
    return { workerScript: path.join(at, 'worker.mjs'), spoil };
  };

  for (const [what, text, expected] of [
    ['throws', 'throw new TypeError("broken");', /broken.*part\.mjs/s],
    ['takes too much memory', 'const all = []; for (;;) all.push(new Array(1000).fill(all.length));', /more memory/],
    ['does not parse', 'export const = 1;', /part\.mjs/],
  ]) {
    test(`whose script ${what} is lost with its worker, and the task runs in another one`, async (t) => {
      const { workerScript, spoil } = spoilt(t);
      const pool = await withPool(t, { workerScript, workerMemoryLimitMB: 32, ...isolate });
      const error = nextEvent(pool, 'worker-error');
      const lost = nextEvent(pool, 'worker-exited', () => pool.getPoolMetrics().workers.unhealthy === 1);
      stayAlive(t);
      spoil(text);
      const first = pool.submitTask({ ...RUN, payload: 1 });
      const waiting = pool.submitTask({ ...RUN, payload: 2 });
      assert.equal(await first, 1);
      const { code: name, message } = (await error).error;
      assert.equal(name, 'ERR_MODULE_LOAD');
      assert.match(message, expected);
      await lost;
      spoil('export const ok = 2;');
      await pool.restartWorker(0);
      assert.equal(await waiting, 2);
      const { completed, failed, retried } = pool.getPoolMetrics().tasks;
      assert.deepEqual({ completed, failed, retried }, { completed: 2, failed: 0, retried: 0 });
    });
  }

  test('whose script is stuck in native code is abandoned, and the task runs in another one', async (t) => {
    const { workerScript, spoil } = spoilt(t);
    const pool = await withPool(t, { workerScript, zombieThresholdMs: 500, ...isolate });
    const lines = nextEvent(pool, 'console');
    const zombie = nextEvent(pool, 'zombie-detected');
    // It ends by itself after some seconds.
    spoil('console.log("stuck"); "a".repeat(2 ** 22).lastIndexOf("a".repeat(2 ** 11) + "b")');
    const first = pool.submitTask({ ...RUN, payload: 1 });
    const waiting = pool.submitTask({ ...RUN, payload: 2, maxRetries: 1, retryBackoffMs: 1 });
    assert.equal(await first, 1);
    await lines;
    spoil('export const ok = 2;');
    assert.equal((await zombie).workerId, 0);
    assert.equal(await waiting, 2);
  });

  test('that no worker can start fails the tasks that wait', async (t) => {
    const { workerScript, spoil } = spoilt(t);
    const pool = await withPool(t, { workerScript, maxRestartAttempts: 2, restartCooldownMs: 1, ...isolate });
    spoil('throw 1;');
    const [first, second] = [1, 2].map((payload) => pool.submitTask({ ...RUN, payload }));
    assert.equal(await first, 1);
    await failure(second, 'ERR_WORKER_LOST');
  });
});

test('tasks of all kinds settle once each while they are aborted, time out and their workers restart', async (t) => {
  const pool = await withPool(t, {
    poolSize: 2,
    maxTaskRetries: 1,
    retryBackoffMs: 1,
    workerScript: script(`${COUNTER} export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));`),
  });
  const kinds = [
    () => ({ type: 'count', ...isolate }),
    () => ({ type: 'count' }),
    (i) => ({ type: 'wait', payload: i % 7, isolation: i % 2 ? 'isolate' : 'shared' }),
    (i) => code('for (;;);', { timeout: 1 + (i % 40), isolation: i % 2 ? 'isolate' : 'shared' }),
    (i) => code('throw 1', { isolation: i % 2 ? 'isolate' : 'shared' }),
    (i) => ({ type: 'wait', payload: 50, signal: AbortSignal.timeout(i % 60), ...isolate }),
  ];
  const allowed = new Set(['ok', 'ERR_TASK_TIMEOUT', 'ERR_TASK_FAILED', 'ERR_TASK_ABORTED']);
  const ends = Array.from({ length: 120 }, (_, i) =>
    pool.submitTask(kinds[i % kinds.length](i)).then(
      () => 'ok',
      (error) => error.code,
    ),
  );
  await Promise.all([pool.restartWorker(0), ends[30].then(() => pool.restartWorker(1))]);
  const found = await Promise.all(ends);
  assert.deepEqual(
    found.filter((end) => !allowed.has(end)),
    [],
  );
  for (const end of [0, 1]) assert.ok(found.every((what, i) => i % kinds.length !== end || what === 'ok'));
  assert.equal(pool.getPoolMetrics().workers.abandoned, 0);
  const { submitted, completed, failed, timedOut, aborted } = pool.getPoolMetrics().tasks;
  assert.equal(completed + failed + timedOut + aborted, submitted);
});

test('two hundred tasks leave no memory and no thread behind', { timeout: 60_000 }, async (t) => {
  const pool = await withPool(t, { workerScript: script(COUNTER), ...isolate });
  const run = async (times) => {
    for (let i = 0; i < times; i++) assert.equal(await pool.submitTask({ type: 'count' }), 1);
  };
  const threads = () => readdirSync('/proc/self/task').length;
  await run(30);
  const before = { rss: process.memoryUsage.rss(), threads: threads() };
  await run(200);
  assert.ok(threads() <= before.threads, `${threads()} threads, ${before.threads} before`);
  // Each isolate takes several megabytes.
  const grown = (process.memoryUsage.rss() - before.rss) / 2 ** 20;
  assert.ok(grown < 100, `${grown} MB more`);
});

test('maxTasksPerWorker applies to tasks with an isolate of their own', async (t) => {
  const pool = await withPool(t, { maxTasksPerWorker: 2, ...isolate });
  const exited = nextEvent(pool, 'worker-exited');
  for (let i = 0; i < 3; i++) assert.equal(await pool.submitTask(code('return 1')), 1);
  assert.equal((await exited).reason, 'max-tasks');
});

test('a dead letter runs in an isolate of its own again', async (t) => {
  const count = `let n = 0; export const fail = () => { throw new Error(String(++n)); };`;
  const pool = await withPool(t, { workerScript: script(count) });
  const FAIL = { type: 'fail' };
  const counted = async (promise) => Number((await failure(promise, 'ERR_TASK_FAILED')).cause.message);
  assert.equal(await counted(pool.submitTask({ ...FAIL, id: 'a', ...isolate })), 1);
  assert.deepEqual([await counted(pool.submitTask(FAIL)), await counted(pool.submitTask(FAIL))], [1, 2]);
  assert.equal(await counted(pool.retryDeadLetter('a')), 1);
});

test('the memory of a worker is that of its present isolate', async (t) => {
  const pool = await withPool(t, isolate);
  await pool.submitTask(code('globalThis.kept = new Uint8Array(20 << 20).fill(1); return 1'));
  await pool.submitTask(code('return 1'));
  assert.ok(pool.getWorkerStatus(0).memory.externalMB < 10, JSON.stringify(pool.getWorkerStatus(0).memory));
});
