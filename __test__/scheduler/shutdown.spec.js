'use strict';

const assert = require('node:assert/strict');
const { writeFileSync } = require('node:fs');
const path = require('node:path');
const { describe, test } = require('../support/test.js');
const { createWorkerPool } = require('../..');
const { ended, runBody } = require('../support/child.js');
const { folder } = require('../support/folder.js');
const { failure, HOLD, nextEvent, record, script, withPool } = require('../support/pool.js');

const HANDLERS = script(
  `export default { ${HOLD} loop() { for (;;); }, wait: (ms) => new Promise((r) => setTimeout(r, ms, ms)) };`,
);

test('a graceful shutdown lets accepted tasks end, and refuses new ones', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const tasks = Array.from({ length: 20 }, () => pool.submitTask({ type: 'wait', payload: 2 }));
  const closed = pool.shutdown();
  await failure(pool.submitTask({ type: 'wait', payload: 1 }), 'ERR_POOL_CLOSED');
  assert.deepEqual(await Promise.all(tasks), Array(20).fill(2));
  await closed;
});

test('a graceful shutdown waits for delayed tasks and retries too', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const delayed = pool.submitTask({ type: 'wait', payload: 1, delay: 50 });
  const retried = failure(
    pool.submitTask({ type: 'javascript', code: 'throw 1', maxRetries: 2, retryBackoffMs: 10 }),
    'ERR_TASK_FAILED',
  );
  await pool.shutdown();
  assert.equal(await delayed, 1);
  assert.equal((await retried).attempts, 3);
});

test('an immediate shutdown rejects waiting and running tasks with ERR_POOL_CLOSED and ends loops', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, poolSize: 2 });
  const started = nextEvent(pool, 'task-started');
  const tasks = ['loop', 'pending', 'hold', 'wait', 'loop'].map((type) =>
    failure(pool.submitTask({ type, payload: 1e6 }), 'ERR_POOL_CLOSED'),
  );
  tasks.push(failure(pool.submitTask({ type: 'wait', payload: 1, delay: 1e6 }), 'ERR_POOL_CLOSED'));
  await started;
  await pool.shutdown(false);
  await Promise.all(tasks);
  const { tasks: counts, workers } = pool.getPoolMetrics();
  assert.deepEqual([counts.queued, counts.running, counts.delayed, workers.total], [0, 0, 0, 0]);
});

test('after shutdownTimeout a graceful shutdown becomes an immediate one', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, shutdownTimeout: 50 });
  const loop = failure(pool.submitTask({ type: 'loop' }), 'ERR_POOL_CLOSED');
  const waiting = failure(pool.submitTask({ type: 'wait', payload: 1 }), 'ERR_POOL_CLOSED');
  await pool.shutdown();
  await Promise.all([loop, waiting]);
});

test('with a shutdownTimeout of 0 nothing is waited for', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, shutdownTimeout: 0 });
  const pending = failure(pool.submitTask({ type: 'pending' }), 'ERR_POOL_CLOSED');
  await pool.shutdown();
  await pending;
});

test('a second shutdown gives the same promise, and an immediate one ends a graceful one at once', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const pending = failure(pool.submitTask({ type: 'pending' }), 'ERR_POOL_CLOSED');
  const first = pool.shutdown();
  const second = pool.shutdown();
  await pool.shutdown(false);
  await Promise.all([first, second, pending]);
  await pool.shutdown();
  await pool.shutdown(false);
});

test('a graceful shutdown of a paused pool runs what waits', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  pool.pause();
  const task = pool.submitTask({ type: 'wait', payload: 1 });
  await pool.shutdown();
  assert.equal(await task, 1);
});

test('a shutdown ends scaling and restarting', async (t) => {
  for (const graceful of [true, false]) {
    const pool = await withPool(t, { workerScript: HANDLERS, maxWorkers: 4 });
    const scaled = pool.scaleUp(3).catch((error) => error);
    const restarted = pool.restartWorker(0).catch((error) => error);
    await pool.shutdown(graceful);
    await Promise.all([scaled, restarted]);
  }
});

test('a shutdown right after the start', async () => {
  for (let i = 0; i < 5; i++) {
    const pool = await createWorkerPool({ poolSize: 2 });
    await pool.shutdown(i % 2 === 0);
  }
});

test('pool-shutdown comes once, after the last task event', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const seen = record(pool, 'task-completed', 'worker-exited', 'pool-shutdown');
  pool.submitTask({ type: 'wait', payload: 1 });
  await pool.shutdown();
  await pool.shutdown(false);
  assert.deepEqual(
    seen.map(([name]) => name),
    ['task-completed', 'worker-exited', 'pool-shutdown'],
  );
  assert.equal(seen[1][1].reason, 'shutdown');
  assert.equal(typeof seen[2][1].uptime, 'number');
});

describe('after shutdown', () => {
  test('tasks are refused with ERR_POOL_CLOSED', async (t) => {
    const pool = await withPool(t);
    await pool.shutdown();
    await failure(pool.submitTask({ type: 'javascript', code: 'return 1' }), 'ERR_POOL_CLOSED');
    const [{ reason }] = await pool.submitTasks([{ type: 'javascript', code: 'return 1' }]);
    assert.equal(reason.code, 'ERR_POOL_CLOSED');
  });

  test('an invalid task is still refused with ERR_INVALID_ARG', async (t) => {
    const pool = await withPool(t);
    await pool.shutdown();
    await failure(pool.submitTask({ type: 5 }), 'ERR_INVALID_ARG');
  });

  test('scaling, restarting, pausing and resuming are refused with ERR_POOL_CLOSED', async (t) => {
    const pool = await withPool(t);
    await pool.shutdown();
    for (const call of ['scaleUp', 'scaleDown', 'pause', 'resume']) {
      await failure((async () => pool[call]())(), 'ERR_POOL_CLOSED');
    }
    await failure(pool.resize(1), 'ERR_POOL_CLOSED');
    await failure(pool.restartWorker(0), 'ERR_POOL_CLOSED');
  });

  test('metrics, statuses, health, drain, ref and unref still work', async (t) => {
    const pool = await withPool(t);
    await pool.shutdown();
    assert.equal(pool.getPoolMetrics().pool.shuttingDown, true);
    assert.deepEqual(pool.getAllWorkersStatus(), []);
    assert.equal(pool.getWorkerStatus(0), undefined);
    assert.equal(typeof pool.getHealth().status, 'string');
    await pool.drain();
    pool.unref().ref();
  });
});

test('shutdown() of anything but a boolean is refused', async (t) => {
  const pool = await withPool(t);
  for (const value of ['false', 0, null, {}]) await failure((async () => pool.shutdown(value))(), 'ERR_INVALID_ARG');
});

test('Symbol.asyncDispose shuts down gracefully', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const dispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose');
  const task = pool.submitTask({ type: 'wait', payload: 5 });
  await pool[dispose]();
  assert.equal(await task, 5);
  await failure(pool.submitTask({ type: 'wait', payload: 1 }), 'ERR_POOL_CLOSED');
});

test('await using closes the pool at the end of its block', async (t) => {
  let run;
  try {
    run = new Function(
      'createWorkerPool',
      'options',
      `return (async () => {
      let kept;
      { await using pool = await createWorkerPool(options); kept = pool; }
      return kept;
    })()`,
    );
  } catch {
    t.skip('this Node does not parse await using');
    return;
  }
  const pool = await run(createWorkerPool, { poolSize: 1 });
  assert.equal(pool.getPoolMetrics().workers.total, 0);
});

test('an abort during a shutdown settles its task', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const controller = new AbortController();
  const started = nextEvent(pool, 'task-started');
  const task = failure(pool.submitTask({ type: 'hold', signal: controller.signal }), 'ERR_TASK_ABORTED');
  await started;
  const closed = pool.shutdown();
  controller.abort();
  await task;
  await closed;
});

test('an abort after the end of the pool has no effect', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const controller = new AbortController();
  const task = failure(pool.submitTask({ type: 'pending', signal: controller.signal }), 'ERR_POOL_CLOSED');
  await pool.shutdown(false);
  await task;
  controller.abort();
});

describe('a shutdown while workers restart', () => {
  /** A pool whose later workers load another script. */
  async function changing(t, later, options) {
    const at = folder(t, { 'handlers.mjs': 'import "./other.mjs"; export default () => 1;', 'other.mjs': '' });
    const pool = await withPool(t, { workerScript: path.join(at, 'handlers.mjs'), ...options });
    writeFileSync(path.join(at, 'other.mjs'), later);
    return pool;
  }
  const SLOW = 'const end = Date.now() + 150; while (Date.now() < end);';
  const lost = (promise) => promise.catch((error) => error);

  test('when graceful, runs the tasks that wait for them', async (t) => {
    const pool = await changing(t, SLOW, { poolSize: 2 });
    const restarts = [0, 1].map((id) => lost(pool.restartWorker(id)));
    const tasks = Array.from({ length: 10 }, () => pool.submitTask({ type: 'x' }));
    assert.deepEqual(
      pool.getAllWorkersStatus().map(({ inFlight }) => inFlight),
      [0, 0],
    );
    const closed = pool.shutdown();
    assert.deepEqual(await Promise.all(tasks), Array(10).fill(1));
    await closed;
    await Promise.all(restarts);
  });

  for (const graceful of [true, false]) {
    test(`a worker that loads for ever does not block it, graceful: ${graceful}`, async (t) => {
      const pool = await changing(t, 'for (;;);');
      const restart = lost(pool.restartWorker(0));
      await nextEvent(pool, 'worker-restarted');
      await pool.shutdown(graceful);
      assert.match((await restart).code, /^ERR_(POOL_CLOSED|WORKER_LOST)$/);
      assert.equal(pool.getPoolMetrics().workers.total, 0);
    });

    test(`a worker in its restart cooldown does not block it, graceful: ${graceful}`, async (t) => {
      const pool = await changing(t, 'throw 1', { restartCooldownMs: 3_600_000 });
      const failed = nextEvent(pool, 'worker-exited', ({ reason }) => reason === 'start-failed');
      const restart = lost(pool.restartWorker(0));
      await failed;
      await nextEvent(pool, 'worker-exited', ({ generation }) => generation === 3);
      assert.equal(pool.getAllWorkersStatus()[0].state, 'restarting');
      await pool.shutdown(graceful);
      await restart;
      assert.equal(pool.getPoolMetrics().workers.total, 0);
    });

    test(`a worker that is down does not block it, graceful: ${graceful}`, async (t) => {
      const pool = await changing(t, 'throw 1', { maxRestartAttempts: 1 });
      await failure(pool.restartWorker(0), 'ERR_WORKER_LOST');
      await pool.shutdown(graceful);
      assert.equal(pool.getPoolMetrics().workers.total, 0);
    });
  }

  test('tasks that wait for a worker which loads for ever end after shutdownTimeout', async (t) => {
    const pool = await changing(t, 'for (;;);', { shutdownTimeout: 60 });
    const restart = lost(pool.restartWorker(0));
    const waiting = failure(pool.submitTask({ type: 'x' }), 'ERR_POOL_CLOSED');
    await pool.shutdown();
    await Promise.all([waiting, restart]);
  });

  test('called several times, each call resolves and pool-shutdown is emitted once', async (t) => {
    const pool = await changing(t, SLOW);
    const restart = lost(pool.restartWorker(0));
    const seen = record(pool, 'pool-shutdown');
    await Promise.all([pool.shutdown(), pool.shutdown(false), pool.shutdown()]);
    await restart;
    assert.equal(seen.length, 1);
  });
});

test('a listener of pool-shutdown may call methods of the pool', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const refused = new Promise((resolve) => {
    pool.once('pool-shutdown', () => resolve(failure(pool.submitTask({ type: 'wait' }), 'ERR_POOL_CLOSED')));
  });
  await pool.shutdown();
  await refused;
});

describe('a shutdown from a signal handler of the process', () => {
  const POOL = `
    const code = 'export default { wait: (ms) => new Promise((r) => setTimeout(r, ms, ms)), loop() { for (;;); } }';
    const pool = await start({ poolSize: 2, workerScript: { code } });
    const ends = (promise) => promise.then(say, (error) => say(error.code));
  `;

  test('when graceful, lets tasks end, and the process exits by itself with its code', async () => {
    const child = ended(
      await runBody(`${POOL}
      process.once('SIGTERM', async () => {
        await pool.shutdown();
        say('closed');
        process.exitCode = 3;
      });
      pool.once('task-started', () => process.kill(process.pid, 'SIGTERM'));
      ends(pool.submitTask({ type: 'wait', payload: 300 }));
      ends(pool.submitTask({ type: 'wait', payload: 200 }));
    `),
      3,
    );
    assert.deepEqual(child.said, [200, 300, 'closed']);
  });

  test('when immediate, ends loops', async () => {
    const child = ended(
      await runBody(`${POOL}
      process.once('SIGINT', async () => {
        await pool.shutdown(false);
        say('closed');
      });
      pool.once('task-started', () => process.kill(process.pid, 'SIGINT'));
      ends(pool.submitTask({ type: 'loop' }));
    `),
    );
    assert.deepEqual(child.said, ['ERR_POOL_CLOSED', 'closed']);
  });

  test('is cut short by a second signal', async () => {
    const child = ended(
      await runBody(`${POOL}
      let signals = 0;
      process.on('SIGTERM', async () => {
        const isFirst = signals++ === 0;
        const closed = pool.shutdown(isFirst);
        if (isFirst) process.kill(process.pid, 'SIGTERM');
        await closed;
        say('closed');
        if (isFirst) process.removeAllListeners('SIGTERM');
      });
      pool.once('task-started', () => process.kill(process.pid, 'SIGTERM'));
      ends(pool.submitTask({ type: 'loop' }));
    `),
    );
    assert.deepEqual(child.said, ['ERR_POOL_CLOSED', 'closed', 'closed']);
  });

  test('of an idle pool, ends the process', async () => {
    const child = ended(
      await runBody(`${POOL}
      const timer = setInterval(() => {}, 1000);
      process.once('SIGTERM', async () => {
        await pool.shutdown();
        clearInterval(timer);
        say('closed');
      });
      process.kill(process.pid, 'SIGTERM');
    `),
    );
    assert.deepEqual(child.said, ['closed']);
  });
});
