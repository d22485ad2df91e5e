'use strict';

// The option `autoScale`: the pool grows when tasks wait, and shrinks when workers are idle.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, HOLD, nextEvent, nextTurn, record, script, withPool } = require('../support/pool.js');

const HANDLERS = script(`export default {
  ${HOLD}
  echo: (value) => value,
  fail() { throw new Error('no'); },
  wait: async (ms) => { await new Promise((r) => setTimeout(r, ms)); return ms; },
};`);
/** Grows at once and never shrinks within a test. */
const GROWS = { scaleUpQueueDepth: 2, idleTimeout: 60_000, cooldown: 0 };

const start = (t, autoScale, options) =>
  withPool(t, { workerScript: HANDLERS, autoScale, minWorkers: 1, maxWorkers: 4, ...options });

/** Tasks that run until `end` is called. */
function hold(pool, count) {
  const controller = new AbortController();
  const tasks = Array.from({ length: count }, () =>
    failure(pool.submitTask({ type: 'hold', signal: controller.signal }), 'ERR_TASK_ABORTED'),
  );
  return {
    async end() {
      controller.abort();
      await Promise.all(tasks);
    },
  };
}

/** Waits for a promise and keeps the process alive meanwhile, which an idle pool does not. */
async function awake(promise) {
  const timer = setInterval(() => {}, 1000);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

const changes = (seen) => seen.map(([, { from, to }]) => [from, to]);
const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test('a queue of slow tasks adds workers up to maxWorkers, and no task is lost', async (t) => {
  const pool = await start(t, GROWS);
  const seen = record(pool, 'pool-scaled-up');
  const full = nextEvent(pool, 'pool-scaled-up', ({ to }) => to === 4);
  const tasks = Array.from({ length: 60 }, () => pool.submitTask({ type: 'wait', payload: 20 }));
  await full;
  assert.equal(pool.size, 4);
  assert.equal(pool.getPoolMetrics().pool.size, 4);
  const results = await Promise.all(tasks);
  assert.deepEqual(results, Array(60).fill(20));
  await nextTurn();
  const sizes = changes(seen);
  assert.deepEqual([sizes[0][0], sizes.at(-1)[1]], [1, 4]);
  for (const [i, [from, to]] of sizes.entries()) {
    assert.ok(from < to && to <= 4, String(sizes));
    if (i > 0) assert.equal(from, sizes[i - 1][1]);
  }
});

test('the new workers take tasks', async (t) => {
  const pool = await start(t, GROWS, { maxWorkers: 3 });
  const held = hold(pool, 5);
  await nextEvent(pool, 'task-started', () => pool.getPoolMetrics().tasks.running === 3);
  assert.deepEqual(
    pool.getAllWorkersStatus().map(({ workerId, state }) => [workerId, state]),
    [0, 1, 2].map((id) => [id, 'busy']),
  );
  await held.end();
});

test('idle workers are removed down to minWorkers', async (t) => {
  const pool = await start(t, { idleTimeout: 50, cooldown: 0 }, { poolSize: 4, minWorkers: 2 });
  const seen = record(pool, 'pool-scaled-down');
  const least = nextEvent(pool, 'pool-scaled-down', ({ to }) => to === 2);
  const gone = nextEvent(pool, 'worker-exited', () => pool.getAllWorkersStatus().length === 2);
  await awake(Promise.all([least, gone]));
  assert.equal(pool.size, 2);
  await rest(250);
  assert.deepEqual(changes(seen), [
    [4, 3],
    [3, 2],
  ]);
  assert.equal(pool.size, 2);
  assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
});

test('a worker that is busy does not count as idle', async (t) => {
  const pool = await start(t, { idleTimeout: 50, cooldown: 0 }, { poolSize: 2 });
  const seen = record(pool, 'pool-scaled-down');
  const held = hold(pool, 2);
  await rest(300);
  assert.deepEqual(seen, []);
  const down = nextEvent(pool, 'pool-scaled-down');
  await held.end();
  const { from, to } = await awake(down);
  assert.deepEqual([from, to], [2, 1]);
});

test('a pool that grows, shrinks and grows again loses no task', async (t) => {
  const pool = await start(t, { scaleUpQueueDepth: 2, idleTimeout: 30, cooldown: 0 }, { maxWorkers: 3 });
  for (let round = 0; round < 2; round++) {
    const up = nextEvent(pool, 'pool-scaled-up');
    const tasks = Array.from({ length: 30 }, () => pool.submitTask({ type: 'wait', payload: 20 }));
    await up;
    const small = nextEvent(pool, 'pool-scaled-down', ({ to }) => to === 1);
    assert.deepEqual(await Promise.all(tasks), Array(30).fill(20));
    await awake(small);
    assert.equal(pool.size, 1);
  }
});

test('events of the pool say automatic: true, those of scaleUp and scaleDown false', async (t) => {
  const pool = await start(t, { scaleUpQueueDepth: 1, idleTimeout: 50, cooldown: 0 }, { maxWorkers: 2 });
  const seen = record(pool, 'pool-scaled-up', 'pool-scaled-down');
  await pool.scaleUp();
  await pool.scaleDown();
  const down = nextEvent(pool, 'pool-scaled-down', ({ automatic }) => automatic);
  const held = hold(pool, 3);
  await nextEvent(pool, 'pool-scaled-up');
  await held.end();
  await awake(down);
  assert.deepEqual(seen, [
    ['pool-scaled-up', { from: 1, to: 2, automatic: false }],
    ['pool-scaled-down', { from: 2, to: 1, automatic: false }],
    ['pool-scaled-up', { from: 1, to: 2, automatic: true }],
    ['pool-scaled-down', { from: 2, to: 1, automatic: true }],
  ]);
});

test('a burst of tiny tasks that is over soon does not scale', async (t) => {
  const pool = await start(t, GROWS, { maxQueue: 5000 });
  const seen = record(pool, 'pool-scaled-up');
  const tasks = Array.from({ length: 300 }, (_, payload) => pool.submitTask({ type: 'echo', payload }));
  await Promise.all(tasks);
  await rest(250);
  assert.deepEqual(seen, []);
  assert.equal(pool.size, 1);
});

test('a queue below scaleUpQueueDepth does not scale', async (t) => {
  const pool = await start(t, { scaleUpQueueDepth: 3, cooldown: 0 });
  const held = hold(pool, 3);
  await rest(300);
  assert.equal(pool.size, 1);
  const up = nextEvent(pool, 'pool-scaled-up');
  const more = hold(pool, 1);
  await up;
  await Promise.all([held.end(), more.end()]);
});

test('delayed tasks and delayed retries do not count as waiting', async (t) => {
  const pool = await start(t, { scaleUpQueueDepth: 1, cooldown: 0 });
  const controller = new AbortController();
  const { signal } = controller;
  const tasks = Array.from({ length: 5 }, () =>
    failure(pool.submitTask({ type: 'echo', delay: 60_000, signal }), 'ERR_TASK_ABORTED'),
  );
  const retry = { type: 'fail', maxRetries: 1, retryBackoffMs: 60_000, signal };
  tasks.push(failure(pool.submitTask(retry), 'ERR_TASK_ABORTED'));
  await rest(300);
  assert.equal(pool.size, 1);
  controller.abort();
  await Promise.all(tasks);
});

test('the cooldown passes between two changes of the size', async (t) => {
  const COOLDOWN = 400;
  const pool = await start(t, { scaleUpQueueDepth: 1, idleTimeout: 60_000, cooldown: COOLDOWN }, { maxWorkers: 3 });
  const times = [];
  pool.on('pool-scaled-up', () => times.push(performance.now()));
  const second = nextEvent(pool, 'pool-scaled-up', ({ to }) => to === 3);
  const held = hold(pool, 8);
  await second;
  assert.equal(times.length, 2);
  // The first event may reach this thread later than the second one does.
  assert.ok(times[1] - times[0] >= COOLDOWN - 100, String(times[1] - times[0]));
  await held.end();
});

test('a long cooldown keeps the size', async (t) => {
  const pool = await start(t, { scaleUpQueueDepth: 1, idleTimeout: 10, cooldown: 60_000 });
  const up = nextEvent(pool, 'pool-scaled-up');
  const held = hold(pool, 8);
  await up;
  const { size } = pool;
  await rest(200);
  assert.equal(pool.size, size);
  await held.end();
  await rest(200);
  assert.equal(pool.size, size);
});

test('true means the defaults: ten waiting tasks add a second worker', async (t) => {
  const pool = await start(t, true);
  const held = hold(pool, 10);
  await rest(250);
  assert.equal(pool.size, 1);
  const up = nextEvent(pool, 'pool-scaled-up');
  const more = hold(pool, 1);
  assert.deepEqual(await up, { from: 1, to: 2, automatic: true });
  await Promise.all([held.end(), more.end()]);
});

for (const [name, autoScale] of [
  ['false', false],
  ['nothing', undefined],
]) {
  test(`with ${name} the size stays`, async (t) => {
    const pool = await start(t, autoScale);
    const held = hold(pool, 40);
    await rest(250);
    assert.equal(pool.size, 1);
    await held.end();
  });
}

test('resize works while autoScale is on', async (t) => {
  const pool = await start(t, GROWS);
  assert.equal(await pool.resize(3), 3);
  assert.equal(await pool.resize(1), 1);
  const up = nextEvent(pool, 'pool-scaled-up', ({ automatic }) => automatic);
  const held = hold(pool, 6);
  assert.equal((await up).from, 1);
  await held.end();
});

test('a pool starts with all its workers, also when the first of them are idle early', {
  timeout: 10_000,
}, async (t) => {
  const slow = script('const end = performance.now() + 150; while (performance.now() < end); export default () => 1');
  // More workers than cores: they become ready one after another.
  const pool = await start(t, { idleTimeout: 0, cooldown: 0 }, { poolSize: 6, maxWorkers: 6, workerScript: slow });
  assert.equal(await pool.submitTask({ type: 'x' }), 1);
  await awake(nextEvent(pool, 'pool-scaled-down', ({ to }) => to === 1));
});

test('a shutdown ends it, also while it grows', async (t) => {
  for (const graceful of [true, false]) {
    const pool = await start(t, { scaleUpQueueDepth: 1, idleTimeout: 10, cooldown: 0 });
    const tasks = Array.from({ length: 30 }, () => pool.submitTask({ type: 'wait', payload: 5 }));
    await nextEvent(pool, 'task-completed');
    const settled = Promise.allSettled(tasks);
    await pool.shutdown(graceful);
    const results = await settled;
    if (graceful) assert.ok(results.every(({ value }) => value === 5));
    else assert.ok(results.every(({ value, reason }) => value === 5 || reason.code === 'ERR_POOL_CLOSED'));
    assert.equal(pool.getPoolMetrics().workers.total, 0);
  }
});

describe('wrong values name their field', () => {
  for (const [name, autoScale, field] of [
    ['text', 'true', 'autoScale'],
    ['a number', 1, 'autoScale'],
    ['null', null, 'autoScale'],
    ['an array', [], 'autoScale'],
    ['a function', () => {}, 'autoScale'],
    ['a depth of 0', { scaleUpQueueDepth: 0 }, 'autoScale.scaleUpQueueDepth'],
    ['a depth of 1.5', { scaleUpQueueDepth: 1.5 }, 'autoScale.scaleUpQueueDepth'],
    ['a depth that is endless', { scaleUpQueueDepth: Infinity }, 'autoScale.scaleUpQueueDepth'],
    ['a negative idle time', { idleTimeout: -1 }, 'autoScale.idleTimeout'],
    ['an idle time that is text', { idleTimeout: '1s' }, 'autoScale.idleTimeout'],
    ['a cooldown that is NaN', { cooldown: NaN }, 'autoScale.cooldown'],
    ['a cooldown of null', { cooldown: null }, 'autoScale.cooldown'],
  ]) {
    test(name, async (t) => {
      const error = await failure(withPool(t, { autoScale }), 'ERR_INVALID_ARG');
      assert.equal(error.field, field);
      assert.match(error.message, / must be .+, got .+/);
    });
  }

  test('an unknown name is reported with the known ones', async (t) => {
    const error = await failure(withPool(t, { autoScale: { coolDown: 5 } }), 'ERR_INVALID_ARG');
    assert.match(error.message, /^autoScale.*cooldown, idleTimeout, scaleUpQueueDepth.*coolDown/);
  });

  test('the smallest and largest allowed values work', async (t) => {
    const pool = await start(t, {
      scaleUpQueueDepth: Number.MAX_SAFE_INTEGER,
      idleTimeout: Infinity,
      cooldown: Infinity,
    });
    assert.equal(await pool.submitTask({ type: 'echo', payload: 1 }), 1);
    const least = await start(t, { scaleUpQueueDepth: 1, idleTimeout: 0, cooldown: 0 });
    assert.equal(await least.submitTask({ type: 'echo', payload: 1 }), 1);
  });
});
