'use strict';

// Calls of host functions by tasks: arguments, results and errors.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

/** Runs the body of an async function. */
const run = (pool, code, inputs, options) => pool.submitTask({ type: 'javascript', code, inputs }, options);

describe('a call', () => {
  test('is made from code tasks by the global `host`', async (t) => {
    const pool = await withPool(t, { host: { add: (a, b) => a + b, deep: { er: { echo: async (value) => value } } } });
    assert.equal(await run(pool, 'return host.add(2, 3)'), 5);
    assert.equal(await run(pool, 'return await host.deep.er.echo(inputs)', 'x'), 'x');
    assert.equal(await pool.submitTask({ type: 'filter', code: 'await host.add(1, 1) === 2', inputs: 7 }), 7);
  });

  test('is made from handlers by `ctx.host`', async (t) => {
    const workerScript = script('export default { ask: (n, { host }) => host.twice(n) };');
    const pool = await withPool(t, { workerScript, host: { twice: (n) => 2 * n } });
    assert.equal(await pool.submitTask({ type: 'ask', payload: 21 }), 42);
  });

  test('carries what a structured clone carries', async (t) => {
    const pool = await withPool(t, { host: { echo: (value) => value } });
    const value = {
      date: new Date(5),
      map: new Map([[1, new Set(['a'])]]),
      bytes: new Uint8Array([1, 2, 3]),
      big: 12n,
      none: undefined,
      list: [1, , 3],
      ü: 'λ',
      error: Object.assign(new RangeError('no'), { path: 'x' }),
    };
    value.self = value;
    const seen = await run(pool, 'return host.echo(inputs)', value);
    assert.deepEqual(seen.map, value.map);
    assert.deepEqual([seen.date, seen.bytes, seen.big, seen.ü], [value.date, value.bytes, 12n, 'λ']);
    assert.ok(seen.self === seen && !(1 in seen.list) && 'none' in seen);
    assert.ok(seen.error instanceof RangeError && seen.error.path === 'x');
  });

  test('carries a megabyte there and back', async (t) => {
    const pool = await withPool(t, { host: { echo: (value) => value } });
    const code = 'const seen = await host.echo(new Uint8Array(2 ** 20).fill(7)); return [seen.length, seen[2 ** 19]]';
    assert.deepEqual(await run(pool, code), [2 ** 20, 7]);
  });

  test('gets the context of the task as last argument', async (t) => {
    const pool = await withPool(t, { host: { who: (ctx) => ({ ...ctx, signal: ctx.signal.aborted }) } });
    const seen = await run(pool, 'return host.who()', undefined, { id: 'job', metadata: { user: 'ada' } });
    const metadata = { user: 'ada' };
    assert.deepEqual(seen, { taskId: 'job', type: 'javascript', attempt: 1, workerId: 0, metadata, signal: false });
  });

  test('gets the context at its declared position when arguments are missing', async (t) => {
    const pool = await withPool(t, { host: { query: (sql, values, ctx) => [sql, values, ctx.taskId] } });
    assert.deepEqual(await run(pool, 'return host.query("a")', undefined, { id: 'x' }), ['a', undefined, 'x']);
    assert.deepEqual(await run(pool, 'return host.query()', undefined, { id: 'x' }), [undefined, undefined, 'x']);
  });

  test('keeps the receiver of a method', async (t) => {
    const pool = await withPool(t, {
      host: {
        counter: {
          step: () => 3,
          twice() {
            return 2 * this.step();
          },
        },
      },
    });
    assert.equal(await run(pool, 'const { twice } = host.counter; return twice()'), 6);
  });

  test('can be made ten thousand times in a row', async (t) => {
    const pool = await withPool(t, { host: { add: (a, b) => a + b } });
    assert.equal(
      await run(pool, 'let n = 0; for (let i = 0; i < 10000; i++) n = await host.add(n, 1); return n'),
      10_000,
    );
  });

  test('belongs to its own task among several that share an isolate', async (t) => {
    const pool = await withPool(t, {
      tasksPerWorker: 20,
      host: { who: (n, ctx) => new Promise((resolve) => setImmediate(resolve, [n, ctx.taskId])) },
    });
    const code = `
      const seen = [];
      for (let i = 0; i < 20; i++) seen.push(await host.who(i));
      return seen;`;
    const ids = Array.from({ length: 20 }, (_, i) => `task ${i}`);
    const all = await Promise.all(ids.map((id) => run(pool, code, undefined, { id })));
    all.forEach((seen, i) => {
      assert.deepEqual(
        seen,
        Array.from({ length: 20 }, (_, k) => [k, ids[i]]),
      );
    });
  });

  test('may submit a task to the same pool', async (t) => {
    const host = { square: (n) => run(pool, 'return inputs ** 2', n) };
    const pool = await withPool(t, { poolSize: 2, host });
    assert.equal(await run(pool, 'return host.square(9)'), 81);
  });

  test('does not depend on built-ins that a task has replaced', async (t) => {
    const host = {
      add: (a, b) => a + b,
      fail: () => Promise.reject(new RangeError('no')),
      async *rows() {
        yield* [1, 2];
      },
    };
    const pool = await withPool(t, { host });
    const code = `
      const { Error: Fault } = globalThis;
      const evil = () => { throw new Fault('evil'); };
      for (const { prototype } of [Array, Map, Set, Promise, Uint8Array, ArrayBuffer, Error]) {
        for (const key of Reflect.ownKeys(prototype)) {
          if (key === Symbol.iterator || key === 'constructor' || typeof key === 'string' && key.startsWith('to')) continue;
          const own = Reflect.getOwnPropertyDescriptor(prototype, key);
          if (own.configurable && typeof (own.value ?? own.get) === 'function') {
            Reflect.defineProperty(prototype, key, { ...own, ...(own.get ? { get: evil } : { value: evil }) });
          }
        }
      }
      for (const name of ['Error', 'RangeError', 'Promise', 'Uint8Array', 'Map']) globalThis[name] = evil;
      Object.defineProperty = Object.freeze = Object.keys = Reflect.apply = evil;
      let sum = await host.add(1, 2);
      for await (const row of host.rows()) sum += row;
      sum += await host.add(...(await (async () => [4, 5])()));
      try { await host.fail(); } catch (e) { return [sum, e.name, e.message]; }`;
    assert.deepEqual(await run(pool, code), [15, 'RangeError', 'no']);
  });

  test('is refused outside of a task', async (t) => {
    const workerScript = script(`
      let refusal;
      setTimeout(() => host.f().catch((error) => { refusal = [error.code, error.message]; }), 1);
      export default { look: async () => { while (!refusal) await new Promise((r) => setTimeout(r, 1)); return refusal; } };`);
    const pool = await withPool(t, { workerScript, host: { f: () => assert.fail('was called') } });
    const expected = ['ERR_HOST_CLOSED', 'host functions can be called by a task alone'];
    assert.deepEqual(await pool.submitTask({ type: 'look' }), expected);
  });
});

describe('an error', () => {
  const caught = (call) =>
    `try { await ${call}; } catch (e) { return { name: e.name, message: e.message, code: e.code, keys: Object.keys(e),
      is: e instanceof Error, type: e instanceof TypeError, stack: e.stack }; }`;

  test('has name, message and code in the task, and nothing else of this process', async (t) => {
    class Denied extends Error {
      name = 'Denied';
      code = 'EDENIED';
      password = 'secret';
    }
    const pool = await withPool(t, {
      host: {
        denied: async () => Promise.reject(new Denied('no way', { cause: new Error('inner secret') })),
      },
    });
    const { stack, ...seen } = await run(pool, caught('host.denied()'));
    const expected = { name: 'Denied', message: 'no way', code: 'EDENIED', keys: ['code'], is: true, type: false };
    assert.deepEqual(seen, expected);
    assert.ok(!stack.includes(__filename) && !stack.includes('secret'), stack);
    const has = await run(pool, 'try { await host.denied() } catch (e) { return "cause" in e || "password" in e }');
    assert.equal(has, false);
  });

  test('keeps a built-in class, also when it is thrown synchronously', async (t) => {
    const host = {
      type: () => {
        throw new TypeError('wrong', { cause: 1 });
      },
    };
    const pool = await withPool(t, { host });
    const { stack: _, ...seen } = await run(pool, caught('host.type()'));
    assert.deepEqual(seen, { name: 'TypeError', message: 'wrong', code: undefined, keys: [], is: true, type: true });
  });

  test('may be a value that is no Error', async (t) => {
    const thrown = [{ a: 1 }, 'text', undefined, () => 1];
    const pool = await withPool(t, { host: { fail: (i) => Promise.reject(thrown[i]) } });
    const code = 'try { await host.fail(inputs) } catch (e) { return [e] }';
    const seen = await Promise.all(thrown.map((_, i) => run(pool, code, i)));
    assert.deepEqual(seen, [[{ a: 1 }], ['text'], [undefined], ['() => 1']]);
  });

  test('that is not caught fails the task, with the position of the call in its code', async (t) => {
    const pool = await withPool(t, { host: { fail: () => Promise.reject(new RangeError('too far')) } });
    const { cause } = await failure(run(pool, '\n  await host.fail();'), 'ERR_TASK_FAILED');
    assert.ok(cause instanceof RangeError);
    assert.match(cause.stack, /isolane:javascript\/\w+:2:/);
    assert.ok(!cause.stack.includes('ext:'), cause.stack);
  });

  test('about an argument that cannot be cloned has its path', async (t) => {
    const pool = await withPool(t, { host: { f: () => assert.fail('was called') } });
    const { stack: _, ...seen } = await run(pool, caught('host.f(1, { user: { save() {} } })'));
    assert.deepEqual([seen.name, seen.code, seen.is], ['DataCloneError', 'ERR_DATA_CLONE', true]);
    assert.ok(seen.message.startsWith('arguments[1].user.save cannot be cloned: '), seen.message);
  });

  test('about a result that cannot be cloned has its path', async (t) => {
    const pool = await withPool(t, { host: { db: { get: () => ({ rows: [{ save() {} }] }) } } });
    const { stack: _, ...seen } = await run(pool, caught('host.db.get()'));
    assert.deepEqual([seen.name, seen.code], ['DataCloneError', 'ERR_DATA_CLONE']);
    assert.ok(seen.message.startsWith('result.rows[0].save of host.db.get cannot be cloned: '), seen.message);
  });
});
