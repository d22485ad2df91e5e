'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, nextEvent, script, withPool } = require('../support/pool.js');

const endless = {
  'a synchronous loop': 'for (;;);',
  'a loop in a loop of functions': 'const a = () => { while (true) b(); }; const b = () => Math.random(); a();',
  'a loop that catches everything': 'for (;;) { try { for (;;); } catch {} finally { for (let i = 0; i < 10; i++); } }',
  'a regular expression that backtracks': '/^(a+)+$/.test("a".repeat(40) + "b")',
  'a sort whose comparison never ends': '[3, 2, 1].sort(() => { for (;;); })',
  'a JSON.stringify with a toJSON that never ends': 'JSON.stringify({ toJSON() { for (;;); } })',
  'a promise that never settles': 'await new Promise(() => {})',
  'a loop of awaits': 'for (;;) await null;',
  'a loop of awaited timers': 'for (;;) await new Promise((r) => setTimeout(r, 0));',
  'an interval': 'await new Promise(() => setInterval(() => {}, 1))',
  'a loop in a timer': 'await new Promise(() => setTimeout(() => { for (;;); }, 1))',
  'a loop after an await': 'await null; for (;;);',
  'a loop in a promise reaction': 'await Promise.resolve().then(() => { for (;;); })',
  'a flood of microtasks': 'await new Promise(() => { const again = () => Promise.resolve().then(again); again(); })',
  'a flood of queueMicrotask': 'await new Promise(() => { const again = () => queueMicrotask(again); again(); })',
  'a generator without an end': 'for (const _ of (function* () { for (;;) yield; })());',
  'a string that is built for ever': 'let n = 0; for (;;) n += String(n).length;',
};

for (const [name, code] of Object.entries(endless)) {
  test(`${name} is ended by its timeout, and the pool works on`, async (t) => {
    const pool = await withPool(t);
    const run = (code, timeout) => pool.submitTask({ type: 'javascript', code, timeout });
    const before = run('return "before"');
    const hung = failure(run(code, 60), 'ERR_TASK_TIMEOUT');
    const after = run('return "after"');
    assert.equal(await before, 'before');
    const error = await hung;
    assert.equal(error.attempts, 1);
    assert.match(error.message, /60/);
    assert.equal(await after, 'after');
    assert.equal(await run('await new Promise((r) => setTimeout(r, 5)); return "later"'), 'later');
  });
}

test('timeouts of all kinds one after another leave one worker that works', async (t) => {
  const pool = await withPool(t);
  for (const code of Object.values(endless)) {
    await failure(pool.submitTask({ type: 'javascript', code, timeout: 10 }), 'ERR_TASK_TIMEOUT');
    assert.equal(await pool.submitTask({ type: 'javascript', code: 'return 1' }), 1);
  }
});

describe('a task that ends by itself after its timeout has timed out nevertheless', () => {
  for (const [how, body] of Object.entries({
    'by returning': "signal.addEventListener('abort', () => resolve('done'))",
    'by throwing the reason': "signal.addEventListener('abort', () => reject(signal.reason))",
    'by throwing something else': "signal.addEventListener('abort', () => reject(new Error('stopped')))",
  })) {
    test(how, async (t) => {
      const pool = await withPool(t, {
        workerScript: script(
          `export default { wait: (_, { signal }) => new Promise((resolve, reject) => { ${body}; }) };`,
        ),
      });
      await failure(pool.submitTask({ type: 'wait', timeout: 20 }), 'ERR_TASK_TIMEOUT');
      assert.equal(pool.getPoolMetrics().tasks.timedOut, 1);
    });
  }
});

test('the limit of the task wins over the one of the pool, and the one of the second argument over both', async (t) => {
  const pool = await withPool(t, { taskTimeout: 30 });
  const code = 'await new Promise((r) => setTimeout(r, 150)); return 1';
  await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_TIMEOUT');
  assert.equal(await pool.submitTask({ type: 'javascript', code, timeout: 20_000 }), 1);
  await failure(pool.submitTask({ type: 'javascript', code, timeout: 20_000 }, { timeout: 30 }), 'ERR_TASK_TIMEOUT');
});

test('an infinite timeout never ends a task', async (t) => {
  const pool = await withPool(t, { taskTimeout: 20 });
  const code = 'await new Promise((r) => setTimeout(r, 100)); return 1';
  assert.equal(await pool.submitTask({ type: 'javascript', code, timeout: Infinity }), 1);
});

test('time in the queue does not count', async (t) => {
  const pool = await withPool(t);
  const first = pool.submitTask({ type: 'javascript', code: 'await new Promise((r) => setTimeout(r, 120)); return 1' });
  const second = pool.submitTask({ type: 'javascript', code: 'return 2', timeout: 100 });
  assert.deepEqual(await Promise.all([first, second]), [1, 2]);
});

test('a late answer is dropped', async (t) => {
  const pool = await withPool(t, {
    tasksPerWorker: 2,
    workerScript: script(`export default {
      late: () => new Promise((resolve) => { globalThis.answer = resolve; }),
      answer: () => globalThis.answer('too late'),
    };`),
  });
  await failure(pool.submitTask({ type: 'late', timeout: 20 }), 'ERR_TASK_TIMEOUT');
  assert.equal(await pool.submitTask({ type: 'answer' }), undefined);
  assert.equal(pool.getPoolMetrics().tasks.completed, 1);
});

test('a timeout keeps the isolate, with the state of its module', async (t) => {
  const pool = await withPool(t, {
    workerScript: script('let n = 0; export default { count: () => ++n, loop() { n++; for (;;); } };'),
  });
  const { generation } = pool.getWorkerStatus(0);
  await failure(pool.submitTask({ type: 'loop', timeout: 30 }), 'ERR_TASK_TIMEOUT');
  assert.equal(await pool.submitTask({ type: 'count' }), 2);
  assert.equal(pool.getWorkerStatus(0).generation, generation);
});

test('a hundred loops on two workers each end by their timeout', async (t) => {
  const pool = await withPool(t, { poolSize: 2, maxQueue: 1000 });
  const tasks = Array.from({ length: 100 }, (_, i) =>
    i % 2 ? { type: 'javascript', code: 'for (;;);', timeout: 5 } : { type: 'javascript', code: `return ${i}` },
  );
  const results = await pool.submitTasks(tasks);
  results.forEach((result, i) => {
    if (i % 2) assert.equal(result.reason?.code, 'ERR_TASK_TIMEOUT');
    else assert.equal(result.value, i);
  });
});

test('a timeout just at the end of a task settles it either way and does not affect the next task', async (t) => {
  const pool = await withPool(t);
  const ends = { done: 0, timeout: 0 };
  for (let i = 0; i < 150; i++) {
    const code = `const end = Date.now() + ${(i % 6) + 1}; while (Date.now() < end); return "done"`;
    const [end, next] = await Promise.all([
      pool
        .submitTask({ type: 'javascript', code, timeout: 3 })
        .catch((error) => (assert.equal(error.code, 'ERR_TASK_TIMEOUT'), 'timeout')),
      pool.submitTask({ type: 'javascript', code: 'let n = 0; for (let i = 0; i < 1e4; i++) n += i; return n' }),
    ]);
    ends[end]++;
    assert.equal(next, 49_995_000);
  }
  assert.equal(ends.done + ends.timeout, 150);
});

test('default timeouts of code tasks are never longer than the one of the pool', async (t) => {
  const pool = await withPool(t, { taskTimeout: 40 });
  await failure(pool.submitTask({ type: 'filter', code: 'for (;;);' }), 'ERR_TASK_TIMEOUT');
  await failure(pool.submitTask({ type: 'javascript', code: 'for (;;);' }), 'ERR_TASK_TIMEOUT');
});

test('task-failed of a timeout has the id of the task', async (t) => {
  const pool = await withPool(t);
  const failed = nextEvent(pool, 'task-failed');
  await failure(
    pool.submitTask({ type: 'javascript', code: 'for (;;);', timeout: 20, id: 'slow' }),
    'ERR_TASK_TIMEOUT',
  );
  assert.equal((await failed).taskId, 'slow');
});
