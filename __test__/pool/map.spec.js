'use strict';

// `pool.map` runs a task for each item of an iterable and waits by itself while the queue is full.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const {
  failure,
  HOLD,
  nextEvent,
  nextTurn,
  occupy,
  record,
  rejection,
  script,
  withPool,
} = require('../support/pool.js');

const HANDLERS = script(`export default {
  ${HOLD}
  echo: (value) => value,
  wait: async ({ ms, value }) => { await new Promise((r) => setTimeout(r, ms)); return value; },
  fail: (value) => { throw new Error('no ' + value); },
};`);

const start = (t, options) => withPool(t, { workerScript: HANDLERS, ...options });
const range = (length) => Array.from({ length }, (_, n) => n);
const echo = (payload) => ({ type: 'echo', payload });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function collect(results) {
  const all = [];
  for await (const result of results) all.push(result);
  return all;
}

/** Keeps the only worker and the whole queue of a pool busy until `release` is called. */
async function fill(pool, waiting) {
  const busy = await occupy(pool);
  const tasks = range(waiting).map((n) => pool.submitTask(echo(n)));
  return {
    async release() {
      await busy.release();
      await Promise.all(tasks);
    },
  };
}

/** An iterable that counts the items taken from it and how often it is closed. */
function source(length = Infinity) {
  const counts = { taken: 0, closed: 0 };
  return {
    counts,
    [Symbol.iterator]: () => ({
      next: () => (counts.taken < length ? { done: false, value: counts.taken++ } : { done: true, value: undefined }),
      return: () => {
        counts.closed++;
        return { done: true, value: undefined };
      },
    }),
  };
}

describe('map gives the results in the order of the items', () => {
  for (const [name, items] of Object.entries({
    'an array': () => range(20),
    'a Set': () => new Set(range(20)),
    'a generator': function* () {
      yield* range(20);
    },
    'an async generator': async function* () {
      for (const n of range(20)) {
        if (n % 3 === 0) await pause(1);
        yield n;
      }
    },
    'a stream': () => require('node:stream').Readable.from(range(20)),
  })) {
    test(name, async (t) => {
      const pool = await start(t, { poolSize: 2, tasksPerWorker: 4 });
      // Later items are faster.
      const toTask = (value, index) => ({ type: 'wait', payload: { ms: (20 - index) % 5, value } });
      assert.deepEqual(await collect(pool.map(items(), toTask, { concurrency: 6 })), range(20));
    });
  }

  test('also when toTask is async and slow', async (t) => {
    const pool = await start(t);
    const toTask = async (value, index) => {
      await pause(value % 2);
      return echo([value, index]);
    };
    assert.deepEqual(
      await collect(pool.map(['a', 'b', 'c'].values(), toTask)),
      ['a', 'b', 'c'].map((value, index) => [value, index]),
    );
  });

  test('results that are undefined are results', async (t) => {
    const pool = await start(t);
    assert.deepEqual(await collect(pool.map([1, 2], () => echo(undefined))), [undefined, undefined]);
  });

  test('ten thousand items through a queue of ten', async (t) => {
    const pool = await start(t, { maxQueue: 10, poolSize: 2 });
    let [next, wrong] = [0, 0];
    for await (const result of pool.map(range(10_000), echo, { concurrency: 50 })) if (result !== next++) wrong++;
    assert.deepEqual([next, wrong], [10_000, 0]);
  });

  test('a source without items', async (t) => {
    const pool = await start(t);
    assert.deepEqual(await collect(pool.map([], echo)), []);
    assert.deepEqual(await collect(pool.map((async function* () {})(), echo)), []);
    assert.equal(pool.getPoolMetrics().tasks.submitted, 0);
  });
});

describe('concurrency', () => {
  test('is exceeded neither by running tasks nor by unread results', async (t) => {
    const pool = await start(t, { poolSize: 2, tasksPerWorker: 8 });
    const items = source(60);
    let [read, most] = [0, 0];
    pool.on('task-started', () => {
      const { running, queued } = pool.getPoolMetrics().tasks;
      most = Math.max(most, running + queued);
    });
    const toTask = (value) => {
      // The task whose result is being read does not count.
      assert.ok(items.counts.taken - read <= 5 + 1, `${items.counts.taken} taken, ${read} read`);
      return { type: 'wait', payload: { ms: value % 4, value } };
    };
    for await (const value of pool.map(items, toTask, { concurrency: 5 })) {
      assert.equal(value, read++);
      if (value % 10 === 0) await pause(5);
    }
    assert.equal(read, 60);
    assert.ok(most <= 5, String(most));
    assert.ok(most >= 2, String(most));
  });

  test('a reader that stops reading stops the source', async (t) => {
    const pool = await start(t, { poolSize: 2 });
    const items = source();
    const results = pool.map(items, echo, { concurrency: 3 });
    assert.deepEqual(await results.next(), { done: false, value: 0 });
    await pool.drain();
    await nextTurn();
    assert.ok(items.counts.taken <= 4, String(items.counts.taken));
    assert.deepEqual(await results.next(), { done: false, value: 1 });
    await results.return();
    assert.equal(items.counts.closed, 1);
  });

  test('defaults to twice the tasks that the workers can run at once', async (t) => {
    const pool = await start(t, { poolSize: 2, tasksPerWorker: 3 });
    const items = source();
    const results = pool.map(items, () => ({ type: 'hold' }));
    const first = rejection(results.next());
    await nextEvent(pool, 'task-started', () => pool.getPoolMetrics().tasks.running === 6);
    await nextTurn();
    assert.equal(items.counts.taken, 12);
    await pool.shutdown(false);
    assert.equal((await first).code, 'ERR_POOL_CLOSED');
  });

  test('nothing is taken before the first result is asked for', async (t) => {
    const pool = await start(t);
    const items = source();
    const results = pool.map(items, echo);
    await nextTurn();
    assert.equal(items.counts.taken, 0);
    await results.return();
    assert.equal(items.counts.taken, 0);
    assert.deepEqual(await results.next(), { done: true, value: undefined });
  });

  test('a slow source does not delay results that are available', async (t) => {
    const pool = await start(t);
    let goOn;
    const items = (async function* () {
      yield 1;
      yield 2;
      await new Promise((resolve) => {
        goOn = resolve;
      });
      yield 3;
    })();
    const results = pool.map(items, echo, { concurrency: 10 });
    assert.equal((await results.next()).value, 1);
    assert.equal((await results.next()).value, 2);
    goOn();
    assert.equal((await results.next()).value, 3);
    assert.equal((await results.next()).done, true);
  });
});

describe('a failure comes in order, ends the iteration and closes the source:', () => {
  const isClosed = async (pool, items, closed = 1) => {
    await pool.drain();
    await nextTurn();
    assert.equal(items.counts.closed, closed);
    const { taken } = items.counts;
    await nextTurn();
    assert.equal(items.counts.taken, taken);
    const { running, queued } = pool.getPoolMetrics().tasks;
    assert.deepEqual([running, queued], [0, 0]);
  };

  test('a task that fails', async (t) => {
    const pool = await start(t);
    const items = source();
    const read = [];
    const error = await failure(
      (async () => {
        const toTask = (n) => ({ type: n === 3 ? 'fail' : 'echo', payload: n });
        for await (const n of pool.map(items, toTask, { concurrency: 4 })) read.push(n);
      })(),
      'ERR_TASK_FAILED',
    );
    assert.deepEqual([read, error.cause.message], [[0, 1, 2], 'no 3']);
    await isClosed(pool, items);
  });

  test('one that fails before an earlier one has ended', async (t) => {
    const pool = await start(t, { tasksPerWorker: 4 });
    const toTask = (n) => (n === 1 ? { type: 'fail', payload: n } : { type: 'wait', payload: { ms: 30, value: n } });
    const results = pool.map(range(3), toTask, { concurrency: 3 });
    assert.deepEqual(await results.next(), { done: false, value: 0 });
    await failure(results.next(), 'ERR_TASK_FAILED');
    assert.deepEqual(await results.next(), { done: true, value: undefined });
  });

  for (const [name, toTask, check] of [
    [
      'a toTask that throws',
      () => {
        throw new RangeError('mine');
      },
      (error) => assert.deepEqual([error.constructor, error.message], [RangeError, 'mine']),
    ],
    [
      'a toTask that rejects',
      () => Promise.reject(new RangeError('mine')),
      (error) => assert.deepEqual([error.constructor, error.message], [RangeError, 'mine']),
    ],
    ['a toTask that gives no task', () => undefined, (error) => assert.equal(error.code, 'ERR_INVALID_ARG')],
    ['a toTask that gives null', () => null, (error) => assert.equal(error.code, 'ERR_INVALID_ARG')],
    ['a task that is wrong', () => ({ type: 5 }), (error) => assert.equal(error.code, 'ERR_INVALID_ARG')],
    ['a payload that cannot be cloned', () => echo(() => {}), (error) => assert.equal(error.code, 'ERR_DATA_CLONE')],
  ]) {
    test(name, async (t) => {
      const pool = await start(t);
      const items = source();
      const results = pool.map(items, (n) => (n === 2 ? toTask(n) : echo(n)), { concurrency: 2 });
      assert.equal((await results.next()).value, 0);
      assert.equal((await results.next()).value, 1);
      check(await rejection(results.next()));
      assert.deepEqual(await results.next(), { done: true, value: undefined });
      await isClosed(pool, items);
    });
  }

  test('a source that throws, which is not closed then', async (t) => {
    const pool = await start(t);
    for (const isAsync of [false, true]) {
      let closed = 0;
      let taken = 0;
      const next = () => {
        if (taken++ === 2) throw new RangeError('source');
        return { done: false, value: taken };
      };
      const iterator = { next: isAsync ? async () => next() : next, return: () => closed++ };
      const items = { [isAsync ? Symbol.asyncIterator : Symbol.iterator]: () => iterator };
      const results = pool.map(items, echo, { concurrency: 8 });
      assert.deepEqual([(await results.next()).value, (await results.next()).value], [1, 2]);
      assert.equal((await rejection(results.next())).message, 'source');
      await pool.drain();
      assert.deepEqual([taken, closed], [3, 0]);
    }
  });

  test('a pool that is closed meanwhile', async (t) => {
    const pool = await start(t);
    const items = source();
    const results = pool.map(items, () => ({ type: 'hold' }));
    const first = failure(results.next(), 'ERR_POOL_CLOSED');
    await nextEvent(pool, 'task-started');
    await pool.shutdown(false);
    await first;
    await isClosed(pool, items);
  });
});

describe('an end before the last item', () => {
  test('break aborts what is left and closes the source', async (t) => {
    const pool = await start(t, { poolSize: 2 });
    const items = source();
    const completed = record(pool, 'task-completed');
    for await (const n of pool.map(items, (n) => (n === 0 ? echo(n) : { type: 'hold' }), { concurrency: 6 })) {
      assert.equal(n, 0);
      break;
    }
    await pool.drain();
    await nextTurn();
    assert.equal(items.counts.closed, 1);
    assert.equal(completed.length, 1);
    const { aborted, submitted } = pool.getPoolMetrics().tasks;
    assert.equal(aborted, submitted - 1);
  });

  test('a source that ended by itself is not closed', async (t) => {
    const pool = await start(t);
    const items = source(3);
    for await (const n of pool.map(items, echo, { concurrency: 8 })) if (n === 1) break;
    assert.deepEqual(items.counts, { taken: 3, closed: 0 });
  });

  test('a generator runs its finally block, and an error thrown there is not lost', async (t) => {
    const pool = await start(t);
    const steps = [];
    const items = (async function* () {
      try {
        yield 1;
        yield 2;
        yield 3;
      } finally {
        await nextTurn();
        steps.push('closed');
      }
    })();
    for await (const _ of pool.map(items, echo, { concurrency: 1 })) break;
    assert.deepEqual(steps, ['closed']);
    const bad = (function* () {
      try {
        yield 1;
        yield 2;
        yield 3;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: this is what is tested
        throw new RangeError('finally');
      }
    })();
    const error = await rejection(
      (async () => {
        for await (const _ of pool.map(bad, echo, { concurrency: 1 })) break;
      })(),
    );
    assert.equal(error.message, 'finally');
  });

  test('a source that is busy does not delay the end', async (t) => {
    const pool = await start(t);
    let closed = 0;
    const iterator = {
      taken: 0,
      next() {
        return this.taken++ === 0 ? Promise.resolve({ done: false, value: 1 }) : new Promise(() => {});
      },
      return() {
        closed++;
        return new Promise(() => {});
      },
    };
    for await (const n of pool.map({ [Symbol.asyncIterator]: () => iterator }, echo)) {
      assert.equal(n, 1);
      break;
    }
    assert.equal(closed, 1);
  });
});

describe('signal', () => {
  test('aborts what runs and what waits, and ends the iteration with its reason', async (t) => {
    const pool = await start(t, { poolSize: 2 });
    const items = source();
    const controller = new AbortController();
    const results = pool.map(items, () => ({ type: 'hold' }), { concurrency: 5, signal: controller.signal });
    const first = failure(results.next(), 'ERR_TASK_ABORTED');
    await nextEvent(pool, 'task-started');
    const reason = new Error('enough');
    controller.abort(reason);
    assert.equal((await first).cause, reason);
    assert.deepEqual(await results.next(), { done: true, value: undefined });
    await pool.drain();
    assert.equal(items.counts.closed, 1);
    assert.equal(pool.getPoolMetrics().tasks.aborted, pool.getPoolMetrics().tasks.submitted);
  });

  test('one that is aborted already ends the iteration before any task runs', async (t) => {
    const pool = await start(t);
    const reason = new Error('before');
    const results = pool.map(source(), echo, { signal: AbortSignal.abort(reason) });
    assert.equal((await failure(results.next(), 'ERR_TASK_ABORTED')).cause, reason);
    await pool.drain();
    assert.equal(pool.getPoolMetrics().tasks.completed, 0);
  });

  test('ends a wait for a slow source', async (t) => {
    const pool = await start(t);
    const controller = new AbortController();
    const reason = new Error('enough');
    const items = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}), return: async () => ({}) }) };
    const first = failure(pool.map(items, echo, { signal: controller.signal }).next(), 'ERR_TASK_ABORTED');
    await nextTurn();
    controller.abort(reason);
    assert.equal((await first).cause, reason);
  });

  test('ends a wait for a queue that others have filled', async (t) => {
    const pool = await start(t, { maxQueue: 1 });
    const others = await fill(pool, 1);
    const controller = new AbortController();
    const reason = new Error('enough');
    const items = source();
    const first = failure(pool.map(items, echo, { signal: controller.signal }).next(), 'ERR_TASK_ABORTED');
    await nextTurn();
    controller.abort(reason);
    assert.equal((await first).cause, reason);
    await others.release();
    await nextTurn();
    assert.equal(items.counts.taken, 0);
  });

  test('the signal of a single task aborts that task as well', async (t) => {
    const pool = await start(t);
    const controller = new AbortController();
    const own = new AbortController();
    const toTask = () => ({ type: 'hold', signal: own.signal });
    const first = failure(pool.map([1], toTask, { signal: controller.signal }).next(), 'ERR_TASK_ABORTED');
    await nextEvent(pool, 'task-started');
    const reason = new Error('only this one');
    own.abort(reason);
    assert.equal((await first).cause, reason);
  });

  test('leaves no listener behind', async (t) => {
    const { getEventListeners } = require('node:events');
    const pool = await start(t, { maxQueue: 1 });
    const controller = new AbortController();
    const others = await fill(pool, 1);
    const results = collect(pool.map(range(30), echo, { concurrency: 20, signal: controller.signal }));
    await nextTurn();
    await others.release();
    await results;
    await nextTurn();
    assert.deepEqual(getEventListeners(controller.signal, 'abort'), []);
    assert.equal(pool.listenerCount('drain'), 0);
  });
});

describe('a queue that other tasks fill', () => {
  test('is waited for', async (t) => {
    const pool = await start(t, { maxQueue: 2 });
    const others = await fill(pool, 2);
    const items = source(10);
    const results = collect(pool.map(items, echo, { concurrency: 3 }));
    await pause(20);
    assert.equal(items.counts.taken, 0);
    await others.release();
    assert.deepEqual(await results, range(10));
  });

  test('between two items does no harm', async (t) => {
    const pool = await start(t, { maxQueue: 2 });
    const results = collect(
      pool.map(
        range(200),
        async (n) => {
          if (n % 7 === 0) for (let i = 0; i < 4; i++) pool.submitTask(echo(-1)).catch(() => {});
          return echo(n);
        },
        { concurrency: 8 },
      ),
    );
    assert.deepEqual(await results, range(200));
  });

  test('several maps on one pool all come to their end', async (t) => {
    const pool = await start(t, { maxQueue: 2, poolSize: 2 });
    const all = await Promise.all(range(5).map(() => collect(pool.map(range(100), echo, { concurrency: 10 }))));
    for (const results of all) assert.deepEqual(results, range(100));
  });

  test('of length 0 works as well', async (t) => {
    const pool = await start(t, { maxQueue: 0, poolSize: 2 });
    assert.deepEqual(await collect(pool.map(range(30), echo, { concurrency: 4 })), range(30));
  });

  test('many waiting maps cause no warning of too many listeners', async (t) => {
    const warnings = [];
    const listener = (warning) => warnings.push(warning.message);
    process.on('warning', listener);
    t.after(() => process.off('warning', listener));
    const pool = await start(t, { maxQueue: 1 });
    const results = collect(pool.map(range(60), echo, { concurrency: 30 }));
    assert.deepEqual(await results, range(60));
    await nextTurn();
    assert.deepEqual(warnings, []);
  });
});

describe('wrong arguments throw at once and name their field:', () => {
  for (const [name, args, field] of [
    ['no items', [undefined, echo], 'items'],
    ['items that are a number', [5, echo], 'items'],
    ['items that are a plain object', [{ length: 2 }, echo], 'items'],
    ['no toTask', [[1]], 'toTask'],
    ['a toTask that is a task', [[1], { type: 'echo' }], 'toTask'],
    ['options that are null', [[1], echo, null], 'options'],
    ['options that are a number', [[1], echo, 5], 'options'],
    ['an unknown option', [[1], echo, { concurency: 5 }], 'options'],
    ['a concurrency of 0', [[1], echo, { concurrency: 0 }], 'options.concurrency'],
    ['a concurrency of 1.5', [[1], echo, { concurrency: 1.5 }], 'options.concurrency'],
    ['a concurrency that is text', [[1], echo, { concurrency: '5' }], 'options.concurrency'],
    ['a signal that is none', [[1], echo, { signal: {} }], 'options.signal'],
    ['a signal that is null', [[1], echo, { signal: null }], 'options.signal'],
  ]) {
    test(name, async (t) => {
      const pool = await start(t);
      assert.throws(() => pool.map(...args), { name: 'IsolaneError', code: 'ERR_INVALID_ARG', field });
    });
  }
});
