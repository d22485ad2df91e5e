'use strict';

// Async tasks that share an isolate: none may affect the others.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, HOLD, nextEvent, occupy, script, withPool } = require('../support/pool.js');

test('with tasksPerWorker, tasks of one isolate run at the same time', async (t) => {
  const pool = await withPool(t, {
    tasksPerWorker: 3,
    workerScript: script(`
      let resolveAll; let here = 0; const all = new Promise((r) => { resolveAll = r; });
      export default { async meet() { if (++here === 3) resolveAll(); await all; return here; } };
    `),
  });
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => pool.submitTask({ type: 'meet' }))), [3, 3, 3]);
});

test('without it, one task ends before the next starts', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(
      `let here = 0; export default { async alone() { here++; await new Promise((r) => setTimeout(r, 2)); return here--; } };`,
    ),
  });
  assert.deepEqual(
    await Promise.all(Array.from({ length: 5 }, () => pool.submitTask({ type: 'alone' }))),
    [1, 1, 1, 1, 1],
  );
});

for (const [name, code] of Object.entries({
  'a pending promise': 'await new Promise(() => {})',
  'a loop': 'for (;;);',
  'a loop after an await': 'await new Promise((r) => setTimeout(r, 5)); for (;;);',
  'a loop in a reaction': 'await Promise.resolve().then(() => { for (;;); })',
  'a flood of microtasks': 'await new Promise(() => { const again = () => Promise.resolve().then(again); again(); })',
})) {
  test(`the timeout of one task (${name}) does not affect the others`, async (t) => {
    const pool = await withPool(t, { tasksPerWorker: 4, maxTaskRetries: 0 });
    const run = (code, options) => pool.submitTask({ type: 'javascript', code, ...options });
    const wait = 'await new Promise((r) => setTimeout(r, inputs)); await null; return inputs';
    const others = [1, 20, 60].map((inputs) => run(wait, { inputs }));
    const bad = failure(run(code, { timeout: 30 }), 'ERR_TASK_TIMEOUT');
    assert.deepEqual(await Promise.all(others), [1, 20, 60]);
    await bad;
    assert.equal(await run('return 1'), 1);
  });
}

test('console lines, errors and signals belong to their own task, also after awaits and timers', async (t) => {
  const pool = await withPool(t, { tasksPerWorker: 10 });
  const lines = [];
  pool.on('console', ({ taskId, text }) => lines.push([taskId, text]));
  const code = `
    console.log('start ' + inputs);
    await null; console.log('await ' + inputs);
    await new Promise((r) => setTimeout(() => { console.log('timer ' + inputs); r(); }, 3));
    await Promise.all([1, 2].map(async () => { await null; console.log('inner ' + inputs); }));
  `;
  const ids = ['a', 'b', 'c', 'd'];
  await Promise.all(ids.map((id) => pool.submitTask({ type: 'javascript', code, inputs: id, id })));
  assert.equal(lines.length, 20);
  for (const [taskId, text] of lines) assert.equal(text.split(' ')[1], taskId);
});

test('an unhandled rejection fails its own task and no other', async (t) => {
  const pool = await withPool(t, { tasksPerWorker: 3 });
  const run = (code) => pool.submitTask({ type: 'javascript', code });
  const other = run('await new Promise((r) => setTimeout(r, 30)); return "fine"');
  const error = await failure(
    run('Promise.reject(new TypeError("stray")); await new Promise(() => {})'),
    'ERR_TASK_FAILED',
  );
  assert.equal(error.cause.name, 'TypeError');
  assert.equal(await other, 'fine');
  assert.equal(await run('return 1'), 1);
});

test('a throwing timer fails its own task and no other', async (t) => {
  const pool = await withPool(t, { tasksPerWorker: 3 });
  const run = (code) => pool.submitTask({ type: 'javascript', code });
  const other = run('await new Promise((r) => setTimeout(r, 30)); return "fine"');
  const error = await failure(
    run('await new Promise(() => setTimeout(() => { throw new RangeError("stray"); }, 1))'),
    'ERR_TASK_FAILED',
  );
  assert.equal(error.cause.message, 'stray');
  assert.equal(await other, 'fine');
});

test('a throwing queueMicrotask fails its own task and no other', async (t) => {
  const pool = await withPool(t, { tasksPerWorker: 3 });
  const run = (code) => pool.submitTask({ type: 'javascript', code });
  const other = run('await new Promise((r) => setTimeout(r, 30)); return "fine"');
  const error = await failure(
    run('queueMicrotask(() => { throw new RangeError("stray"); }); await new Promise(() => {})'),
    'ERR_TASK_FAILED',
  );
  assert.equal(error.cause.message, 'stray');
  assert.equal(await other, 'fine');
});

test('a rejection that is handled later does not fail the task', async (t) => {
  const pool = await withPool(t);
  const code = 'const p = Promise.reject(new Error("no")); await null; await p.catch(() => {}); return "fine"';
  assert.equal(await pool.submitTask({ type: 'javascript', code }), 'fine');
});

test('timers of a task that has ended do not fire later', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(`
      let fired = 0;
      export default {
        leave() { setTimeout(() => fired++, 5); setInterval(() => fired++, 1); setImmediate(() => fired++); return 'left'; },
        async leaveLater() { await null; setInterval(() => fired++, 1); return 'left'; },
        async fail() { setInterval(() => fired++, 1); await null; throw new Error('x'); },
        hang() { setInterval(() => fired++, 1); for (;;); },
        async look() { await new Promise((r) => setTimeout(r, 30)); return fired; },
      };
    `),
  });
  await pool.submitTask({ type: 'leave' });
  await pool.submitTask({ type: 'leaveLater' });
  await failure(pool.submitTask({ type: 'fail' }), 'ERR_TASK_FAILED');
  await failure(pool.submitTask({ type: 'hang', timeout: 20 }), 'ERR_TASK_TIMEOUT');
  assert.equal(await pool.submitTask({ type: 'look' }), 0);
});

test('promises of an ended task do not affect others', async (t) => {
  const pool = await withPool(t, { tasksPerWorker: 2 });
  const run = (code) => pool.submitTask({ type: 'javascript', code });
  assert.equal(await run('Promise.reject(new Error("left")); return 1'), 1);
  assert.equal(await run('(async () => { await null; throw new Error("left later"); })(); return 2'), 2);
  assert.equal(await run('await new Promise((r) => setTimeout(r, 10)); return 3'), 3);
});

test('a loop that an ended task left behind blocks its worker no longer than the next timeout', async (t) => {
  const pool = await withPool(t);
  const run = (code, timeout) => pool.submitTask({ type: 'javascript', code, timeout });
  await run('Promise.resolve().then(() => Promise.resolve()).then(() => { for (;;); }); return 1', 100).catch((error) =>
    assert.equal(error.code, 'ERR_TASK_TIMEOUT'),
  );
  await run('await null; return 2', 100).catch((error) => assert.equal(error.code, 'ERR_TASK_TIMEOUT'));
  assert.equal(await run('return 3', 5000), 3);
});

/** Replaces and deletes built-ins that isolane uses. */
const TAMPER = `
  Promise.prototype.then = () => { throw new Error('then'); };
  Promise.resolve = Map.prototype.get = Array.prototype.push = Object.freeze = JSON.stringify = Error.prototype.toString = undefined;
  Object.prototype.toString = Function.prototype.call = Function.prototype.apply = undefined;
  globalThis.Promise = globalThis.Map = globalThis.Error = globalThis.Reflect = globalThis.Object = globalThis.AbortController = undefined;
  Object.defineProperty?.(globalThis, 'then', { value: 1 });
`;

test('a task cannot break the built-ins that isolane uses', async (t) => {
  const pool = await withPool(t, {
    tasksPerWorker: 2,
    workerScript: script(`
      const { Promise } = globalThis;
      export default {
        ${HOLD}
        one: async () => { await null; return 1; },
        fails: async () => { await null; null.x; },
        tamper() {${TAMPER}},
      };
    `),
  });
  const run = (type) => pool.submitTask({ type });
  await run('tamper').catch(() => {});
  assert.equal(await run('one'), 1);
  const error = await failure(run('fails'), 'ERR_TASK_FAILED');
  assert.equal(error.cause.name, 'TypeError');
  await failure(pool.submitTask({ type: 'hold', timeout: 20 }), 'ERR_TASK_TIMEOUT');
  const busy = await occupy(pool);
  await busy.release();
  assert.equal(await run('one'), 1);
});

test('a task can neither settle another one nor see its ticket', async (t) => {
  const pool = await withPool(t, { tasksPerWorker: 2 });
  const code =
    'return Object.getOwnPropertyNames(globalThis).filter((name) => /isolane|deno|bootstrap|rustyscript|^op_/i.test(name))';
  assert.deepEqual(await pool.submitTask({ type: 'javascript', code }), []);
});

test("task-started has the id of the task's worker", async (t) => {
  const pool = await withPool(t, { poolSize: 2 });
  const started = nextEvent(pool, 'task-started');
  await pool.submitTask({ type: 'javascript', code: 'return 1' });
  assert.ok(pool.getWorkerStatus((await started).workerId));
});
