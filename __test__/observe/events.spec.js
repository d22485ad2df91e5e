'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, test } = require('../support/test.js');
const { failure, HOLD, nextEvent, nextTurn, record, script, withPool } = require('../support/pool.js');

const task = { type: 'javascript', code: 'return 1' };
const isNumber = (value) => typeof value === 'number' && value >= 0;

test('pool-initialized is emitted once, after createWorkerPool has resolved', async (t) => {
  const pool = await withPool(t, { poolSize: 2 });
  const [details] = await once(pool, 'pool-initialized');
  assert.equal(details.size, 2);
  assert.ok(isNumber(details.uptime));
});

describe('the events of a task have its id, type, metadata and attempt', () => {
  for (const [name, id] of [
    ['a given id', 'mine'],
    ['an id that isolane gives', undefined],
  ]) {
    test(name, async (t) => {
      const pool = await withPool(t);
      const seen = record(pool, 'task-started', 'task-completed', 'task-failed', 'task-retried');
      const metadata = { user: 5 };
      await pool.submitTask({ ...task, id, metadata });
      await failure(
        pool.submitTask({ type: 'javascript', code: 'throw 1', id, metadata, maxRetries: 1, retryBackoffMs: 1 }),
        'ERR_TASK_FAILED',
      );
      await nextTurn();
      const names = [
        'task-started',
        'task-completed',
        'task-started',
        'task-failed',
        'task-retried',
        'task-started',
        'task-failed',
      ];
      assert.deepEqual(
        seen.map(([name]) => name),
        names,
      );
      const ids = seen.map(([, { taskId }]) => taskId);
      if (id) assert.deepEqual(new Set(ids), new Set([id]));
      else assert.deepEqual([new Set(ids.slice(0, 2)).size, new Set(ids.slice(2)).size, new Set(ids).size], [1, 1, 2]);
      assert.deepEqual(
        seen.map(([, { attempt }]) => attempt),
        [1, 1, 1, 1, 2, 2, 2],
      );
      for (const [name, details] of seen) {
        assert.equal(details.type, 'javascript', name);
        assert.equal(details.metadata, metadata, name);
      }
      const [started, completed, , failed, retried, , last] = seen.map(([, details]) => details);
      assert.ok(isNumber(started.workerId) && isNumber(started.waitMs));
      assert.ok(isNumber(completed.workerId) && isNumber(completed.runMs));
      assert.deepEqual([failed.retried, last.retried], [true, false]);
      assert.ok(isNumber(failed.workerId) && isNumber(retried.delayMs));
    });
  }

  test('also when it never started', async (t) => {
    const pool = await withPool(t);
    pool.pause();
    const failed = nextEvent(pool, 'task-failed');
    await failure(pool.submitTask({ ...task, queueTimeout: 5, id: 'mine', metadata: 1 }), 'ERR_QUEUE_TIMEOUT');
    assert.deepEqual(await failed, {
      taskId: 'mine',
      type: 'javascript',
      metadata: 1,
      workerId: null,
      attempt: 0,
      retried: false,
    });
  });

  test('also when a thousand tasks end at once', async (t) => {
    const pool = await withPool(t, { maxQueue: 2000 });
    const seen = record(pool, 'task-completed');
    const ids = Array.from({ length: 1000 }, (_, n) => `task ${n}`);
    await Promise.all(ids.map((id) => pool.submitTask({ ...task, id })));
    await nextTurn();
    assert.deepEqual(
      seen.map(([, { taskId }]) => taskId),
      ids,
    );
  });
});

test('scaling, its workers and a restart emit events', async (t) => {
  const pool = await withPool(t, { maxWorkers: 4 });
  const seen = record(pool, 'pool-scaled-up', 'pool-scaled-down', 'worker-ready', 'worker-exited', 'worker-restarted');
  await pool.scaleUp(1);
  await pool.restartWorker(0);
  await pool.scaleDown(1);
  await nextTurn();
  assert.deepEqual(seen, [
    ['pool-scaled-up', { from: 1, to: 2, automatic: false }],
    ['worker-ready', { workerId: 1, generation: 1 }],
    ['worker-exited', { workerId: 0, generation: 1, reason: 'restart' }],
    ['worker-restarted', { workerId: 0, generation: 2, reason: 'restart' }],
    ['worker-ready', { workerId: 0, generation: 2 }],
    ['pool-scaled-down', { from: 2, to: 1, automatic: false }],
    ['worker-exited', { workerId: 1, generation: 1, reason: 'scale-down' }],
  ]);
});

test('a worker is recycled after maxTasksPerWorker, and the event says why', async (t) => {
  const pool = await withPool(t, { maxTasksPerWorker: 3, workerScript: script('let n = 0; export default () => ++n') });
  const restarted = nextEvent(pool, 'worker-restarted');
  const results = [];
  for (let i = 0; i < 7; i++) results.push(await pool.submitTask({ type: 'x' }));
  assert.deepEqual(results, [1, 2, 3, 1, 2, 3, 1]);
  assert.deepEqual(await restarted, { workerId: 0, generation: 2, reason: 'max-tasks' });
});

describe('listeners', () => {
  const warnings = (t) => {
    const seen = [];
    const listener = (warning) => seen.push(warning);
    process.on('warning', listener);
    t.after(() => process.off('warning', listener));
    return seen;
  };

  test('one that throws causes a warning; the others are called, and the pool goes on', async (t) => {
    const seen = warnings(t);
    const pool = await withPool(t);
    const heard = [];
    pool.on('task-completed', () => heard.push('first'));
    pool.on('task-completed', () => {
      throw new Error('from a listener');
    });
    pool.on('task-completed', () => {
      throw null;
    });
    pool.on('task-completed', () => heard.push('last'));
    const results = await Promise.all([1, 2].map(() => pool.submitTask(task)));
    assert.deepEqual(results, [1, 1]);
    await nextTurn();
    assert.deepEqual(heard, ['first', 'last', 'first', 'last']);
    await nextTurn();
    assert.ok(
      seen.some(({ name, message }) => name === 'IsolaneWarning' && /from a listener/.test(message)),
      String(seen),
    );
  });

  test('one that throws a value without a text causes a warning', async (t) => {
    const pool = await withPool(t);
    for (const thrown of [
      Object.create(null),
      {
        toString() {
          throw 1;
        },
      },
      {
        get stack() {
          throw 2;
        },
      },
      Symbol('s'),
    ]) {
      pool.once('task-completed', () => {
        throw thrown;
      });
      assert.equal(await pool.submitTask(task), 1);
      await nextTurn();
    }
    assert.equal(await pool.submitTask(task), 1);
  });

  test('once, off, prependListener and events.once work as with any EventEmitter', async (t) => {
    const pool = await withPool(t);
    const heard = [];
    const off = () => heard.push('off');
    pool.once('task-started', () => heard.push('once'));
    pool.on('task-started', off);
    pool.prependListener('task-started', () => heard.push('first'));
    pool.off('task-started', off);
    await pool.submitTask(task);
    await pool.submitTask(task);
    await nextTurn();
    assert.deepEqual(heard, ['first', 'once', 'first']);
    const [[{ type }]] = await Promise.all([once(pool, 'task-completed'), pool.submitTask(task)]);
    assert.equal(type, 'javascript');
  });

  test('listeners that are added after removeAllListeners() are called', async (t) => {
    const pool = await withPool(t);
    pool.on('console', () => {});
    pool.removeAllListeners();
    const heard = record(pool, 'task-started', 'task-completed', 'console');
    await pool.submitTask({ ...task, code: 'console.log(1)' });
    await nextTurn();
    assert.deepEqual(
      heard.map(([name]) => name),
      ['task-started', 'console', 'task-completed'],
    );
  });

  test('one that is added while tasks run is called for those that end afterwards', async (t) => {
    const pool = await withPool(t, { workerScript: script(`export default { ${HOLD} }`) });
    const controller = new AbortController();
    const held = failure(pool.submitTask({ type: 'hold', signal: controller.signal }), 'ERR_TASK_ABORTED');
    const waiting = pool.submitTask(task);
    await nextTurn();
    const completed = nextEvent(pool, 'task-completed');
    controller.abort();
    await Promise.all([held, waiting]);
    assert.equal((await completed).type, 'javascript');
  });

  describe('may be added and removed at any time:', () => {
    const failing = { type: 'javascript', code: 'throw 1', maxRetries: 1, retryBackoffMs: 1 };
    for (const [name, times] of Object.entries({
      'task-started': 2,
      'task-failed': 2,
      'task-retried': 1,
      'task-dead-lettered': 1,
    })) {
      test(name, async (t) => {
        const pool = await withPool(t);
        const heard = [];
        const listener = ({ taskId }) => heard.push(taskId);
        const fail = async (id) => {
          await failure(pool.submitTask({ ...failing, id }), 'ERR_TASK_FAILED');
          await nextTurn();
        };
        await fail('before');
        pool.on(name, listener);
        await fail('first');
        pool.on('task-completed', listener);
        pool.off('task-completed', listener);
        await fail('second');
        pool.off(name, listener);
        await fail('between');
        pool.prependListener(name, listener);
        await fail('third');
        pool.removeAllListeners(name);
        await fail('after');
        pool.once(name, listener);
        await fail('last');
        await fail('too late');
        const expected = ['first', 'second', 'third'].flatMap((id) => Array(times).fill(id));
        assert.deepEqual(heard, [...expected, 'last']);
      });
    }

    test('events of a running task are emitted from then on', async (t) => {
      const pool = await withPool(t);
      const started = nextEvent(pool, 'task-started');
      const task = pool.submitTask({
        ...failing,
        code: 'await new Promise((r) => setTimeout(r, 60)); throw 1',
        id: 'it',
      });
      await started;
      const heard = record(pool, 'task-failed', 'task-retried', 'task-dead-lettered');
      await failure(task, 'ERR_TASK_FAILED');
      await nextTurn();
      assert.deepEqual(
        heard.map(([name, { taskId }]) => [name, taskId]),
        ['task-failed', 'task-retried', 'task-failed', 'task-dead-lettered'].map((name) => [name, 'it']),
      );
    });

    test('without listeners, dead letters are kept and circuit breakers count all the same', async (t) => {
      const pool = await withPool(t, { circuitBreaker: { failureThreshold: 2, resetTimeout: 60_000 } });
      await failure(pool.submitTask({ ...failing, maxRetries: 0, id: 'it' }), 'ERR_TASK_FAILED');
      await failure(pool.submitTask({ ...failing, maxRetries: 0 }), 'ERR_TASK_FAILED');
      assert.equal(pool.getDeadLetterQueue()[0].id, 'it');
      assert.equal(pool.getPoolMetrics().circuitBreakers[0].state, 'open');
    });
  });

  test('one may submit tasks, scale and shut down', async (t) => {
    const pool = await withPool(t, { maxWorkers: 2 });
    const inner = new Promise((resolve) =>
      pool.once('task-completed', () => resolve(pool.submitTask({ ...task, code: 'return "inner"' }))),
    );
    await pool.submitTask(task);
    assert.equal(await inner, 'inner');
    const closed = new Promise((resolve) => pool.once('task-completed', () => resolve(pool.shutdown(false))));
    await pool.submitTask(task).catch(() => {});
    await closed;
  });
});
