'use strict';

// The dead letter queue: which tasks are kept, with what details, and how they are retried.

const assert = require('node:assert/strict');
const { inspect } = require('node:util');
const { ended, runBody } = require('../support/child.js');
const { describe, test } = require('../support/test.js');
const { createWorkerPool, IsolaneError } = require('../..');
const { failure, HOLD, nextEvent, nextTurn, occupy, record, script, withPool } = require('../support/pool.js');

/** `fail` fails until `repair` is called, and then returns its context. */
const HANDLERS = script(`
  let works = false;
  export default {
    ${HOLD}
    fail(payload, { taskId, attempt }) { if (!works) throw new TypeError('no ' + attempt); return { payload, taskId, attempt }; },
    repair() { works = true; },
    echo: (value) => value,
    bad: () => ({ result: () => {} }),
  };
`);
const RETRIES = { maxTaskRetries: 2, retryBackoffMs: 1 };
const failed = { type: 'javascript', code: 'throw 1' };

const ids = (pool) => pool.getDeadLetterQueue().map(({ id }) => id);

test('a dead letter has all fields of the task and the error of each attempt', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS, ...RETRIES });
  const before = Date.now();
  const task = { type: 'fail', payload: { n: 1 }, priority: 7, id: 'mine', metadata: { user: 5 } };
  const error = await failure(pool.submitTask(task), 'ERR_TASK_FAILED');
  const after = Date.now();
  const [letter, ...others] = pool.getDeadLetterQueue();
  assert.deepEqual(others, []);
  const { submittedAt, failedAt, error: last, errors, ...known } = letter;
  assert.deepEqual(known, {
    id: 'mine',
    type: 'fail',
    payload: { n: 1 },
    priority: 7,
    metadata: { user: 5 },
    attempts: 3,
  });
  assert.equal(letter.metadata, task.metadata);
  // The two clocks may differ by a millisecond in either direction.
  const times = [before - 1, submittedAt, ...errors.map(({ at }) => at), failedAt, after + 1];
  assert.deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  );
  assert.ok(times.every(Number.isInteger), String(times));
  assert.equal(errors.at(-1).at, failedAt);
  assert.equal(errors.at(-1).error, last);
  assert.deepEqual(
    errors.map(({ attempt, workerId, error: { code, taskId, type, attempts, cause } }) => [
      attempt,
      workerId,
      [code, taskId, type, attempts],
      [cause.constructor, cause.message],
    ]),
    [1, 2, 3].map((n) => [n, 0, ['ERR_TASK_FAILED', 'mine', 'fail', n], [TypeError, `no ${n}`]]),
  );
  assert.ok(errors.every(({ error }) => error instanceof IsolaneError));
  for (const name of ['message', 'code', 'taskId', 'type', 'attempts']) assert.equal(last[name], error[name], name);
  assert.equal(last.cause.stack, error.cause.stack);
});

test('the oldest is first, and each call returns new objects', async (t) => {
  const pool = await withPool(t);
  assert.deepEqual(pool.getDeadLetterQueue(), []);
  for (const id of ['b', 'a', 'c']) await failure(pool.submitTask({ ...failed, id, inputs: {} }), 'ERR_TASK_FAILED');
  assert.deepEqual(ids(pool), ['b', 'a', 'c']);
  const first = pool.getDeadLetterQueue();
  first[0].inputs.changed = true;
  first.pop();
  assert.deepEqual(
    pool.getDeadLetterQueue().map(({ inputs }) => inputs),
    [{}, {}, {}],
  );
});

describe('a code task', () => {
  for (const [name, task] of Object.entries({
    javascript: { type: 'javascript', code: 'throw inputs.a + config', inputs: { a: new Date(5) }, config: 'c' },
    filter: { type: 'filter', code: 'inputs.none.at', inputs: [1], config: undefined },
    'one with a scope': { type: '@mine/filter', code: 'throw null', inputs: undefined, config: { a: 1n } },
    TypeScript: { type: 'javascript', code: 'const x: number = inputs as number; throw x', inputs: 5, config: null },
    'one with text beyond Latin-1': { type: 'javascript', code: 'throw "日本 🙂"', inputs: '🙂', config: 'é' },
    'one with long code': { type: 'javascript', code: `throw 1 // ${'x'.repeat(2 ** 20)}`, inputs: 1, config: 2 },
  })) {
    test(`${name} keeps its code, inputs and config`, async (t) => {
      const pool = await withPool(t);
      await failure(pool.submitTask({ ...task, id: 'it' }), 'ERR_TASK_FAILED');
      const { error, errors, submittedAt, failedAt, ...known } = pool.getDeadLetterQueue()[0];
      assert.deepEqual(known, { ...task, id: 'it', priority: 10, metadata: undefined, attempts: 1 });
    });
  }
});

describe('a payload of any kind is kept as it was', () => {
  const cycle = { name: 'cycle' };
  cycle.self = cycle;
  const own = Object.assign(new RangeError('mine', { cause: new Error('inner') }), { code: 'E', detail: { a: 1 } });
  const { buffer } = Uint16Array.of(1, 2, 3);
  for (const [name, payload] of Object.entries({
    undefined: undefined,
    null: null,
    'negative zero': -0,
    'a string': 'é 日 🙂',
    'a bigint': -(2n ** 100n),
    'an array with holes': [1, , 3],
    'a date and a regular expression': [new Date(1e12), /a+/giu],
    'a Map and a Set': new Map([[{ key: 1 }, new Set([1, 'a', null])]]),
    'typed arrays of one buffer': { whole: new Uint8Array(buffer), part: new Uint16Array(buffer, 2, 1), buffer },
    'a Buffer': Buffer.from('abc'),
    'a large typed array': new Float64Array(300_000).fill(1.5),
    'a text of 20 KB': 'x'.repeat(20_000),
    'a text of 2 MB': '日'.repeat(1_000_000),
    'many objects': Array.from({ length: 5000 }, (_, n) => ({ n, text: `t${n}` })),
    'an error with a cause and properties': own,
    'a cycle': cycle,
  })) {
    test(name, async (t) => {
      const pool = await withPool(t, { workerScript: HANDLERS });
      // A task gets the same.
      const expected = await pool.submitTask({ type: 'echo', payload });
      await failure(pool.submitTask({ type: 'fail', payload, id: 'it' }), 'ERR_TASK_FAILED');
      assert.deepEqual(pool.getDeadLetterQueue()[0].payload, expected);
      assert.equal(inspect(pool.getDeadLetterQueue()[0].payload), inspect(expected));
      await pool.submitTask({ type: 'repair' });
      assert.deepEqual((await pool.retryDeadLetter('it')).payload, expected);
    });
  }

  test('a change of the payload after submitting has no effect', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const payload = { bytes: new Uint8Array(40_000), list: [1] };
    const task = failure(pool.submitTask({ type: 'fail', payload }), 'ERR_TASK_FAILED');
    payload.bytes.fill(7);
    payload.list.push(2);
    await task;
    const kept = pool.getDeadLetterQueue()[0].payload;
    assert.deepEqual([kept.bytes[0], kept.bytes.length, kept.list], [0, 40_000, [1]]);
  });
});

describe('is kept:', () => {
  const pools = { workerScript: HANDLERS, workerMemoryLimitMB: 32, maxTaskRetries: 0 };
  for (const [name, code, task] of [
    ['a thrown error', 'ERR_TASK_FAILED', { type: 'fail' }],
    ['a timeout', 'ERR_TASK_TIMEOUT', { type: 'javascript', code: 'for (;;);', timeout: 10 }],
    ['a memory limit', 'ERR_MEMORY_LIMIT', { type: 'javascript', code: 'const all = []; for (;;) all.push({});' }],
    ['a type without a handler', 'ERR_NO_HANDLER', { type: 'none' }],
    ['a syntax error', 'ERR_TASK_FAILED', { type: 'javascript', code: '(' }],
    ['a result that cannot be cloned', 'ERR_DATA_CLONE', { type: 'bad' }],
    ['an error that is large', 'ERR_TASK_FAILED', { type: 'javascript', code: 'throw "x".repeat(1e5)' }],
  ]) {
    test(name, async (t) => {
      const pool = await withPool(t, pools);
      const error = await failure(pool.submitTask({ ...task, id: 'it' }), code);
      const [letter] = pool.getDeadLetterQueue();
      assert.deepEqual([letter.id, letter.attempts, letter.errors.length], ['it', 1, 1]);
      assert.deepEqual([letter.error.code, letter.error.message], [code, error.message]);
      assert.deepEqual(letter.error.cause, error.cause);
      assert.equal(pool.getPoolMetrics().tasks.dlq, 1);
    });
  }

  test('one that was accepted and then met an open circuit breaker', async (t) => {
    const pool = await withPool(t, { circuitBreaker: { failureThreshold: 1, resetTimeout: 60_000 } });
    const [first, second] = ['first', 'second'].map((id) => pool.submitTask({ ...failed, id }));
    await failure(first, 'ERR_TASK_FAILED');
    const { message } = await failure(second, 'ERR_CIRCUIT_OPEN');
    const [, letter] = pool.getDeadLetterQueue();
    assert.deepEqual([letter.id, letter.attempts, letter.error.message], ['second', 0, message]);
    assert.deepEqual([letter.errors[0].attempt, letter.errors[0].workerId], [0, undefined]);
  });
});

describe('is not kept:', () => {
  const isEmpty = async (pool) => {
    await nextTurn();
    assert.deepEqual(pool.getDeadLetterQueue(), []);
    assert.equal(pool.getPoolMetrics().tasks.dlq, 0);
  };

  test('a task that succeeds in the end', async (t) => {
    const pool = await withPool(t, {
      ...RETRIES,
      workerScript: script('export default (_, { attempt }) => { if (attempt < 3) throw attempt; return attempt; }'),
    });
    assert.equal(await pool.submitTask({ type: 'x' }), 3);
    await isEmpty(pool);
  });

  test('an abort, of a waiting, a running and a retried one', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const busy = await occupy(pool);
    const controller = new AbortController();
    const waiting = failure(pool.submitTask({ type: 'fail', signal: controller.signal }), 'ERR_TASK_ABORTED');
    controller.abort();
    await waiting;
    await busy.release();
    const second = new AbortController();
    pool.once('task-retried', () => second.abort());
    const retried = pool.submitTask({ type: 'fail', signal: second.signal, maxRetries: 1, retryBackoffMs: 60_000 });
    await failure(retried, 'ERR_TASK_ABORTED');
    await isEmpty(pool);
  });

  test('a full queue and a queue timeout', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS, maxQueue: 1 });
    const busy = await occupy(pool);
    const waiting = failure(pool.submitTask({ type: 'echo', queueTimeout: 5 }), 'ERR_QUEUE_TIMEOUT');
    await failure(pool.submitTask({ type: 'echo' }), 'ERR_QUEUE_FULL');
    await waiting;
    await busy.release();
    await isEmpty(pool);
  });

  test('a pool that is closed', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    const tasks = [{ type: 'pending' }, { type: 'echo' }].map((task) =>
      failure(pool.submitTask(task), 'ERR_POOL_CLOSED'),
    );
    await pool.shutdown(false);
    await Promise.all(tasks);
    await failure(pool.submitTask({ type: 'echo' }), 'ERR_POOL_CLOSED');
    await isEmpty(pool);
  });

  test('what was never accepted: wrong arguments, a payload that cannot be cloned, an open breaker', async (t) => {
    const pool = await withPool(t, { circuitBreaker: { failureThreshold: 1, resetTimeout: 60_000 } });
    await failure(pool.submitTask({ type: 5 }), 'ERR_INVALID_ARG');
    await failure(pool.submitTask({ type: 'a', payload: () => {} }), 'ERR_DATA_CLONE');
    await isEmpty(pool);
    await failure(pool.submitTask({ ...failed, id: 'first' }), 'ERR_TASK_FAILED');
    await failure(pool.submitTask({ ...failed, id: 'second' }), 'ERR_CIRCUIT_OPEN');
    assert.deepEqual(ids(pool), ['first']);
  });
});

describe('retryDeadLetter', () => {
  for (const [name, id] of [
    ['a given id', 'mine'],
    ['an id that isolane gives', undefined],
  ]) {
    test(`runs the task again with its payload and ${name}, from its first attempt`, async (t) => {
      const pool = await withPool(t, { workerScript: HANDLERS, ...RETRIES });
      const metadata = { a: 1 };
      const { taskId } = await failure(
        pool.submitTask({ type: 'fail', payload: [5], id, metadata, priority: 3 }),
        'ERR_TASK_FAILED',
      );
      await pool.submitTask({ type: 'repair' });
      const started = nextEvent(pool, 'task-started');
      assert.deepEqual(await pool.retryDeadLetter(taskId), { payload: [5], taskId, attempt: 1 });
      const { attempt, ...event } = await started;
      assert.deepEqual([attempt, event.taskId, event.type, event.metadata], [1, taskId, 'fail', metadata]);
      assert.deepEqual(pool.getDeadLetterQueue(), []);
      assert.equal(pool.getPoolMetrics().tasks.dlq, 0);
    });
  }

  test('one that fails again comes back, with all its attempts anew', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS, ...RETRIES });
    const task = { type: 'fail', payload: 'p', id: 'it', metadata: 'm', priority: 3 };
    await failure(pool.submitTask(task), 'ERR_TASK_FAILED');
    await failure(pool.submitTask({ ...failed, id: 'other', maxRetries: 0 }), 'ERR_TASK_FAILED');
    const [{ failedAt: before }] = pool.getDeadLetterQueue();
    const error = await failure(pool.retryDeadLetter('it'), 'ERR_TASK_FAILED');
    assert.deepEqual([error.attempts, error.taskId], [3, 'it']);
    assert.deepEqual(ids(pool), ['other', 'it']);
    const { error: last, errors, submittedAt, failedAt, ...known } = pool.getDeadLetterQueue()[1];
    assert.deepEqual(known, { ...task, attempts: 3 });
    assert.deepEqual(
      errors.map(({ attempt }) => attempt),
      [1, 2, 3],
    );
    assert.ok(failedAt >= before);
    await pool.submitTask({ type: 'repair' });
    assert.equal((await pool.retryDeadLetter('it')).attempt, 1);
  });

  test('a code task with its inputs', async (t) => {
    let calls = 0;
    const pool = await withPool(t, { host: { isFirst: () => ++calls === 1 } });
    const code = 'const h: any = host; if (await h.isFirst()) throw 1; return inputs.list.concat(config)';
    const task = { type: 'javascript', code, inputs: { list: [1] }, config: [2], id: 'it' };
    await failure(pool.submitTask(task), 'ERR_TASK_FAILED');
    assert.deepEqual(await pool.retryDeadLetter('it'), [1, 2]);
  });

  test('its id is taken while it runs, and free again after it', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    await failure(pool.submitTask({ type: 'fail', id: 'it' }), 'ERR_TASK_FAILED');
    const busy = await occupy(pool);
    const again = failure(pool.retryDeadLetter('it'), 'ERR_TASK_FAILED');
    assert.deepEqual(ids(pool), []);
    await failure(pool.submitTask({ type: 'echo', id: 'it' }), 'ERR_INVALID_ARG');
    await failure(pool.retryDeadLetter('it'), 'ERR_INVALID_ARG');
    await busy.release();
    await again;
    assert.equal(await pool.submitTask({ type: 'echo', payload: 1, id: 'it' }), 1);
    assert.deepEqual(ids(pool), ['it']);
  });

  test('is refused while another task of this id is not settled', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    await failure(pool.submitTask({ type: 'fail', id: 'it' }), 'ERR_TASK_FAILED');
    const busy = await occupy(pool);
    const other = pool.submitTask({ type: 'echo', payload: 2, id: 'it' });
    const error = await failure(pool.retryDeadLetter('it'), 'ERR_INVALID_ARG');
    assert.deepEqual([error.field, error.value], ['id', 'it']);
    assert.deepEqual(ids(pool), ['it']);
    await busy.release();
    assert.equal(await other, 2);
    await failure(pool.retryDeadLetter('it'), 'ERR_TASK_FAILED');
  });

  test('retries the oldest of several with one id', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS });
    for (const payload of [1, 2])
      await failure(pool.submitTask({ type: 'fail', payload, id: 'it' }), 'ERR_TASK_FAILED');
    await pool.submitTask({ type: 'repair' });
    assert.equal((await pool.retryDeadLetter('it')).payload, 1);
    assert.equal((await pool.retryDeadLetter('it')).payload, 2);
    await failure(pool.retryDeadLetter('it'), 'ERR_INVALID_ARG');
  });

  test('one that a full queue refuses stays', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS, maxQueue: 1 });
    await failure(pool.submitTask({ type: 'fail', payload: 5, id: 'it' }), 'ERR_TASK_FAILED');
    const [before] = pool.getDeadLetterQueue();
    const busy = await occupy(pool);
    const waiting = pool.submitTask({ type: 'repair' });
    for (let i = 0; i < 2; i++) {
      assert.equal((await failure(pool.retryDeadLetter('it'), 'ERR_QUEUE_FULL')).taskId, 'it');
      const [letter, ...others] = pool.getDeadLetterQueue();
      assert.deepEqual([letter.id, letter.payload, letter.error.code, others], ['it', 5, 'ERR_TASK_FAILED', []]);
      assert.ok(Math.abs(letter.failedAt - before.failedAt) <= 1);
    }
    await busy.release();
    await waiting;
    assert.equal((await pool.retryDeadLetter('it')).payload, 5);
    assert.deepEqual(ids(pool), []);
  });

  test('refuses an unknown id and what is no id', async (t) => {
    const pool = await withPool(t);
    await failure(pool.submitTask({ ...failed, id: 'it' }), 'ERR_TASK_FAILED');
    for (const id of ['none', '', 5, null, undefined, {}, pool]) {
      const error = await failure(pool.retryDeadLetter(id), 'ERR_INVALID_ARG');
      assert.deepEqual([error.field, error.value], id === undefined ? ['id', undefined] : ['id', id]);
    }
    pool.clearDeadLetterQueue();
    await failure(pool.retryDeadLetter('it'), 'ERR_INVALID_ARG');
  });

  test('a hundred at once each run once', async (t) => {
    const pool = await withPool(t, { workerScript: HANDLERS, poolSize: 2, maxQueue: 200 });
    const tasks = Array.from({ length: 100 }, (_, n) => ({ type: 'fail', payload: n, id: `n${n}` }));
    await pool.submitTasks(tasks);
    await Promise.all([0, 1].map((worker) => pool.restartWorker(worker)));
    assert.equal(pool.getDeadLetterQueue().length, 100);
    await pool.resize(1);
    await pool.submitTask({ type: 'repair' });
    const results = await Promise.all(ids(pool).map((id) => pool.retryDeadLetter(id)));
    assert.deepEqual(
      results.map(({ payload, taskId }) => [payload, taskId]).sort(([a], [b]) => a - b),
      tasks.map(({ payload, id }) => [payload, id]),
    );
  });
});

describe('clearDeadLetterQueue', () => {
  test('returns how many there were', async (t) => {
    const pool = await withPool(t);
    assert.equal(pool.clearDeadLetterQueue(), 0);
    await pool.submitTasks([failed, failed, failed]);
    assert.equal(pool.clearDeadLetterQueue(), 3);
    assert.deepEqual(pool.getDeadLetterQueue(), []);
    assert.equal(pool.clearDeadLetterQueue(), 0);
    await failure(pool.submitTask({ ...failed, id: 'later' }), 'ERR_TASK_FAILED');
    assert.deepEqual(ids(pool), ['later']);
  });

  test('while tasks fail, the dead letters that come afterwards are complete and can be retried', async (t) => {
    const pool = await withPool(t, { poolSize: 2, maxQueue: 1000 });
    const tasks = Array.from({ length: 500 }, (_, n) =>
      failure(pool.submitTask({ ...failed, id: `n${n}` }), 'ERR_TASK_FAILED'),
    );
    let cleared = 0;
    for (const task of tasks) {
      await task;
      if (Math.random() < 0.1) cleared += pool.clearDeadLetterQueue();
    }
    const left = ids(pool);
    assert.equal(cleared + left.length, 500);
    assert.equal(new Set(left).size, left.length);
    for (const id of left) await failure(pool.retryDeadLetter(id), 'ERR_TASK_FAILED');
  });
});

describe('maxDeadLetters', () => {
  test('the oldest makes room for the newest, and dead-letter-dropped names it', async (t) => {
    const pool = await withPool(t, { maxDeadLetters: 2 });
    const dropped = record(pool, 'dead-letter-dropped');
    for (const id of ['a', 'b', 'c', 'd']) {
      await failure(pool.submitTask({ ...failed, id, metadata: id }), 'ERR_TASK_FAILED');
    }
    await nextTurn();
    assert.deepEqual(ids(pool), ['c', 'd']);
    assert.deepEqual(
      dropped.map(([, details]) => details),
      ['a', 'b'].map((id) => ({ taskId: id, type: 'javascript', metadata: id })),
    );
    await failure(pool.retryDeadLetter('a'), 'ERR_INVALID_ARG');
  });

  test('with 0 nothing is kept and no event is emitted', async (t) => {
    const pool = await withPool(t, { maxDeadLetters: 0, ...RETRIES });
    const seen = record(pool, 'task-dead-lettered', 'dead-letter-dropped');
    await failure(pool.submitTask({ ...failed, id: 'it' }), 'ERR_TASK_FAILED');
    await nextTurn();
    assert.deepEqual([pool.getDeadLetterQueue(), pool.getPoolMetrics().tasks.dlq, seen], [[], 0, []]);
    assert.equal(pool.clearDeadLetterQueue(), 0);
    await failure(pool.retryDeadLetter('it'), 'ERR_INVALID_ARG');
  });

  test('the default is a thousand: of ten thousand failures the last thousand are kept', async (t) => {
    const pool = await withPool(t, { maxQueue: 20_000 });
    const tasks = Array.from({ length: 10_000 }, (_, inputs) => ({ ...failed, inputs, id: `n${inputs}` }));
    const results = await pool.submitTasks(tasks);
    assert.ok(results.every(({ reason }) => reason?.code === 'ERR_TASK_FAILED'));
    const deadLetters = pool.getDeadLetterQueue();
    assert.deepEqual(
      deadLetters.map(({ id, inputs }) => [id, inputs]),
      Array.from({ length: 1000 }, (_, n) => [`n${9000 + n}`, 9000 + n]),
    );
    assert.equal(pool.getPoolMetrics().tasks.dlq, 1000);
    // Ids of dropped dead letters would be found.
    await failure(pool.retryDeadLetter('n8999'), 'ERR_INVALID_ARG');
    assert.equal(pool.clearDeadLetterQueue(), 1000);
  });
});

test('ids and metadata of dropped dead letters are released on the JavaScript side too', async () => {
  const child = ended(
    await runBody(`
    const { setFlagsFromString } = require('node:v8');
    setFlagsFromString('--expose-gc');
    const gc = require('node:vm').runInNewContext('gc');
    const pool = await start({ maxDeadLetters: 10, maxQueue: 5000 });
    let collected = 0;
    const registry = new FinalizationRegistry(() => collected++);
    const fail = async (count) => {
      const tasks = Array.from({ length: count }, () => {
        const metadata = {};
        registry.register(metadata);
        return { type: 'javascript', code: 'throw 1', metadata };
      });
      await pool.submitTasks(tasks);
    };
    await fail(2000);
    const settle = async () => { for (let i = 0; i < 10; i++) { gc(); await new Promise((r) => setTimeout(r, 10)); } };
    await settle();
    say(collected);
    pool.clearDeadLetterQueue();
    await settle();
    say(collected);
    await pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, [1990, 2000]);
});

test('task-dead-lettered has the number of dead letters', async (t) => {
  const pool = await withPool(t, { ...RETRIES });
  const seen = record(pool, 'task-dead-lettered', 'task-failed');
  await failure(pool.submitTask({ ...failed, id: 'a', metadata: { m: 1 } }), 'ERR_TASK_FAILED');
  await failure(pool.submitTask({ ...failed, id: 'b', maxRetries: 0 }), 'ERR_TASK_FAILED');
  await nextTurn();
  assert.deepEqual(
    seen.map(([name, { retried }]) => [name, retried]),
    [
      ['task-failed', true],
      ['task-failed', true],
      ['task-failed', false],
      ['task-dead-lettered', undefined],
      ['task-failed', false],
      ['task-dead-lettered', undefined],
    ],
  );
  assert.deepEqual(
    seen.filter(([name]) => name === 'task-dead-lettered').map(([, details]) => details),
    [
      { taskId: 'a', type: 'javascript', metadata: { m: 1 }, attempts: 3, deadLetters: 1 },
      { taskId: 'b', type: 'javascript', metadata: undefined, attempts: 1, deadLetters: 2 },
    ],
  );
});

test('a listener may retry a dead letter at once', async (t) => {
  const pool = await withPool(t, { workerScript: HANDLERS });
  const again = new Promise((resolve) => {
    pool.once('task-dead-lettered', async ({ taskId }) => {
      await pool.submitTask({ type: 'repair' });
      resolve(pool.retryDeadLetter(taskId));
    });
  });
  await failure(pool.submitTask({ type: 'fail', payload: 1 }), 'ERR_TASK_FAILED');
  assert.equal((await again).payload, 1);
});

test('taskQueue.getDeadLetterQueue gives the same', async (t) => {
  const pool = await withPool(t);
  await failure(pool.submitTask({ ...failed, id: 'it' }), 'ERR_TASK_FAILED');
  assert.deepEqual(
    pool.taskQueue.getDeadLetterQueue().map(({ id, error }) => [id, error.code]),
    [['it', 'ERR_TASK_FAILED']],
  );
});

test('after a shutdown dead letters can be read and cleared, but not retried', async () => {
  for (const graceful of [true, false]) {
    const pool = await createWorkerPool({ poolSize: 1, maxTaskRetries: 0 });
    await failure(pool.submitTask({ ...failed, id: 'it', inputs: 'x'.repeat(50_000) }), 'ERR_TASK_FAILED');
    await pool.shutdown(graceful);
    await failure(pool.retryDeadLetter('it'), 'ERR_POOL_CLOSED');
    assert.deepEqual(
      pool.getDeadLetterQueue().map(({ id, inputs }) => [id, inputs.length]),
      [['it', 50_000]],
    );
    assert.equal(pool.clearDeadLetterQueue(), 1);
    assert.deepEqual(pool.getDeadLetterQueue(), []);
  }
});
