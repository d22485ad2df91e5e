'use strict';

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, nextEvent, script, withPool } = require('../support/pool.js');

test("ctx has the task's id, type, attempt and worker", async (t) => {
  const pool = await withPool(t, {
    workerScript: script(`export default { look(_, ctx) {
      const { taskId, type, attempt, workerId } = ctx;
      return { taskId, type, attempt, workerId };
    } };`),
  });
  const [{ workerId }] = pool.getAllWorkersStatus();
  assert.deepEqual(await pool.submitTask({ type: 'look', id: 'mine' }), {
    taskId: 'mine',
    type: 'look',
    attempt: 1,
    workerId,
  });
});

test('ctx.taskId of a task without an id is the one in its errors and events', async (t) => {
  const pool = await withPool(t, {
    workerScript: script('export default { fail(_, { taskId }) { throw new Error(taskId); } };'),
  });
  const started = nextEvent(pool, 'task-started');
  const error = await failure(pool.submitTask({ type: 'fail' }), 'ERR_TASK_FAILED');
  assert.equal(error.cause.message, error.taskId);
  assert.equal((await started).taskId, error.taskId);
});

test('ctx.signal is an AbortSignal that is not aborted while the task runs', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(
      'export default { look: (_, { signal }) => [signal instanceof AbortSignal, signal.aborted] };',
    ),
  });
  assert.deepEqual(await pool.submitTask({ type: 'look' }), [true, false]);
});

// The result of an aborted task is dropped, so a later task reports what it saw of its signal.
const WATCH = script(`
  let heard;
  export default {
    wait: (_, { signal }) => new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        heard = [signal.aborted, signal.reason.name, typeof signal.reason.message];
        resolve();
      });
    }),
    heard: () => heard,
  };
`);

test('ctx.signal is aborted when the caller aborts', async (t) => {
  const pool = await withPool(t, { workerScript: WATCH });
  const controller = new AbortController();
  const started = nextEvent(pool, 'task-started');
  const task = failure(pool.submitTask({ type: 'wait', signal: controller.signal }), 'ERR_TASK_ABORTED');
  await started;
  controller.abort();
  await task;
  assert.deepEqual(await pool.submitTask({ type: 'heard' }), [true, 'AbortError', 'string']);
});

test('ctx.signal is aborted when the time of the task is over', async (t) => {
  const pool = await withPool(t, { workerScript: WATCH });
  await failure(pool.submitTask({ type: 'wait', timeout: 20 }), 'ERR_TASK_TIMEOUT');
  assert.deepEqual(await pool.submitTask({ type: 'heard' }), [true, 'TimeoutError', 'string']);
});

test('ctx.signal works with throwIfAborted, onabort and AbortSignal.any', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(`
      const heard = [];
      export default {
        wait: (_, { signal }) => new Promise((resolve) => {
          signal.onabort = () => heard.push('onabort');
          AbortSignal.any([signal]).addEventListener('abort', () => {
            heard.push('any');
            try { signal.throwIfAborted(); } catch (error) { heard.push(error.name); }
            resolve();
          });
        }),
        heard: () => heard,
      };
    `),
  });
  await failure(pool.submitTask({ type: 'wait', timeout: 20 }), 'ERR_TASK_TIMEOUT');
  assert.deepEqual((await pool.submitTask({ type: 'heard' })).sort(), ['TimeoutError', 'any', 'onabort']);
});

test('a listener of ctx.signal that throws does not affect others', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(`export default {
      wait: (_, { signal }) => new Promise(() => signal.addEventListener('abort', () => { throw new Error('no'); })),
      after: () => 'fine',
    };`),
  });
  await failure(pool.submitTask({ type: 'wait', timeout: 20 }), 'ERR_TASK_TIMEOUT');
  assert.equal(await pool.submitTask({ type: 'after' }), 'fine');
});

test('ctx.env holds the values of the pool, frozen all the way down', async (t) => {
  const env = { region: 'eu', limits: { max: [1, 2] }, when: new Date(0), big: 1n };
  const pool = await withPool(t, {
    env,
    workerScript: script(`export default {
      read: (_, { env }) => env,
      write(_, { env }) {
        const thrown = [];
        for (const change of [
          () => { env.region = 'us'; },
          () => { env.limits.max.push(3); },
          () => { env.limits.more = true; },
          () => { delete env.region; },
        ]) {
          try { change(); } catch (error) { thrown.push(error.name); }
        }
        return [thrown, Object.isFrozen(env), Object.isFrozen(env.limits), Object.isFrozen(env.limits.max)];
      },
    };`),
  });
  assert.deepEqual(await pool.submitTask({ type: 'read' }), env);
  assert.deepEqual(await pool.submitTask({ type: 'write' }), [Array(4).fill('TypeError'), true, true, true]);
  assert.deepEqual(await pool.submitTask({ type: 'read' }), env);
});

test('ctx.env may be cyclic', async (t) => {
  const env = { name: 'root' };
  env.self = env;
  const pool = await withPool(t, {
    env,
    workerScript: script('export default { look: (_, { env }) => env.self.self === env && env.name };'),
  });
  assert.equal(await pool.submitTask({ type: 'look' }), 'root');
});

test('ctx.env and ctx.host are empty objects when the pool has none', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(
      'export default { look: (_, { env, host }) => [Object.keys(env), Object.keys(host), Object.isFrozen(host)] };',
    ),
  });
  assert.deepEqual(await pool.submitTask({ type: 'look' }), [[], [], true]);
});

test('ctx can be destructured, and its parts used later', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(`export default { async look(_, { signal, env, taskId }) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return [signal.aborted, env.a, taskId];
    } };`),
    env: { a: 1 },
  });
  assert.deepEqual(await pool.submitTask({ type: 'look', id: 'x' }), [false, 1, 'x']);
});
