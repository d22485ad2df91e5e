'use strict';

// Functions of this process that tasks call: arguments, results, errors, limits, and what becomes of a call
// whose task ends.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { describe, test } = require('../support/test.js');
const { failure, nextEvent, rejection, script, withPool } = require('../support/pool.js');

/** Runs the body of an async function. */
const run = (pool, code, inputs, options) => pool.submitTask({ type: 'javascript', code, inputs }, options);

/** A host function that waits until its task is over, and tells when it was called and when that was. */
function hanging() {
  const told = {};
  told.called = new Promise((resolve) => {
    told.hang = (...args) => {
      const { signal } = args.at(-1);
      told.over = once(signal, 'abort');
      resolve(signal);
      return new Promise(() => {});
    };
  });
  return told;
}

describe('a call', () => {
  test('goes from code tasks by the global host', async (t) => {
    const pool = await withPool(t, { host: { add: (a, b) => a + b, deep: { er: { echo: async (value) => value } } } });
    assert.equal(await run(pool, 'return host.add(2, 3)'), 5);
    assert.equal(await run(pool, 'return await host.deep.er.echo(inputs)', 'x'), 'x');
    assert.equal(await pool.submitTask({ type: 'filter', code: 'await host.add(1, 1) === 2', inputs: 7 }), 7);
  });

  test('goes from handlers by ctx.host', async (t) => {
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

  test('has the task in its last argument', async (t) => {
    const pool = await withPool(t, { host: { who: (ctx) => ({ ...ctx, signal: ctx.signal.aborted }) } });
    const seen = await run(pool, 'return host.who()', undefined, { id: 'job', metadata: { user: 'ada' } });
    const metadata = { user: 'ada' };
    assert.deepEqual(seen, { taskId: 'job', type: 'javascript', attempt: 1, workerId: 0, metadata, signal: false });
  });

  test('has the task in the place that the function has for it, where arguments are missing', async (t) => {
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

  test('is one of ten thousand, one after another', async (t) => {
    const pool = await withPool(t, { host: { add: (a, b) => a + b } });
    assert.equal(
      await run(pool, 'let n = 0; for (let i = 0; i < 10000; i++) n = await host.add(n, 1); return n'),
      10_000,
    );
  });

  test('finds its own task among several that share an isolate', async (t) => {
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

describe('the tree', () => {
  test('is frozen, and made of names alone', async (t) => {
    const pool = await withPool(t, { host: { db: { query: () => 1 }, now: () => 2 } });
    const code = `
      return [Object.isFrozen(host), Object.isFrozen(host.db), Object.isFrozen(host.now), Object.keys(host),
        host.now.name, Object.getPrototypeOf(host), 'constructor' in host]`;
    assert.deepEqual(await run(pool, code), [true, true, true, ['db', 'now'], 'now', null, false]);
  });

  test('is there, frozen and empty, where the pool has no host functions', async (t) => {
    const workerScript = script(
      'export default { look: (_, { host }) => [Object.isFrozen(host), Object.keys(host)] };',
    );
    const pool = await withPool(t, { workerScript });
    assert.deepEqual(await pool.submitTask({ type: 'look' }), [true, []]);
    assert.deepEqual(await run(pool, 'return [Object.isFrozen(host), Object.keys(host)]'), [true, []]);
  });

  test('does not change with the object that it was made of', async (t) => {
    const host = { f: () => 'first' };
    const pool = await withPool(t, { host });
    host.f = () => 'second';
    host.g = () => 'third';
    assert.deepEqual(await run(pool, 'return [await host.f(), typeof host.g]'), ['first', 'undefined']);
  });

  test('and env are globals that a task may shadow, and that nobody sees in a listing', async (t) => {
    const pool = await withPool(t, { host: { f: () => 1 }, env: { a: { b: 1 } } });
    assert.deepEqual(await run(pool, 'const host = 1, env = 2; return [host, env]'), [1, 2]);
    const code = `
      const of = (name) => { const { configurable, enumerable } = Object.getOwnPropertyDescriptor(globalThis, name);
        return [configurable, enumerable]; };
      return [of('host'), of('env'), env, Object.isFrozen(env.a)]`;
    assert.deepEqual(await run(pool, code), [[true, false], [true, false], { a: { b: 1 } }, true]);
  });

  const deep = (depth) => (depth === 0 ? () => 1 : { a: deep(depth - 1) });
  const wrong = [
    ['host', 5],
    ['host', []],
    ['host', () => 1],
    ['host', new Map()],
    ['host.db', { db: 1 }],
    ['host.db', { db: null }],
    ['host.db.list', { db: { list: [() => 1] } }],
    ['host.date', { date: new Date() }],
    ['host.then', Object.fromEntries([['then', () => 1]])],
    ['host.a.constructor', { a: { constructor: () => 1 } }],
    ['host.prototype', { prototype: {} }],
    ['host.__proto__', JSON.parse('{ "__proto__": {} }')],
    ['host', { 'a.b': () => 1 }],
    ['host', { '': () => 1 }],
    ['host.a.a.a.a.a.a.a.a', deep(9)],
    ['maxHostCalls', {}, 0],
    ['maxHostCalls', {}, 1.5],
  ];
  for (const [field, host, maxHostCalls] of wrong) {
    test(`is refused where ${field} is wrong (${JSON.stringify(host) ?? 'a function'}, ${maxHostCalls})`, async (t) => {
      const error = await failure(withPool(t, { host, maxHostCalls }), 'ERR_INVALID_ARG');
      assert.ok(error.message.startsWith(`${field} must be `), error.message);
      assert.equal(error.field, field);
    });
  }

  test('may be eight deep', async (t) => {
    const pool = await withPool(t, { host: deep(8) });
    assert.equal(await run(pool, 'return host.a.a.a.a.a.a.a.a()'), 1);
  });
});

describe('what fails', () => {
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

  test('is of the same class where it is a built-in one, also where it is thrown at once', async (t) => {
    const host = {
      type: () => {
        throw new TypeError('wrong', { cause: 1 });
      },
    };
    const pool = await withPool(t, { host });
    const { stack: _, ...seen } = await run(pool, caught('host.type()'));
    assert.deepEqual(seen, { name: 'TypeError', message: 'wrong', code: undefined, keys: [], is: true, type: true });
  });

  test('may be what is no error', async (t) => {
    const thrown = [{ a: 1 }, 'text', undefined, () => 1];
    const pool = await withPool(t, { host: { fail: (i) => Promise.reject(thrown[i]) } });
    const code = 'try { await host.fail(inputs) } catch (e) { return [e] }';
    const seen = await Promise.all(thrown.map((_, i) => run(pool, code, i)));
    assert.deepEqual(seen, [[{ a: 1 }], ['text'], [undefined], ['() => 1']]);
  });

  test('fails the task where nobody catches it, with the place of the call in its own code', async (t) => {
    const pool = await withPool(t, { host: { fail: () => Promise.reject(new RangeError('too far')) } });
    const { cause } = await failure(run(pool, '\n  await host.fail();'), 'ERR_TASK_FAILED');
    assert.ok(cause instanceof RangeError);
    assert.match(cause.stack, /isolane:javascript\/\w+:2:/);
    assert.ok(!cause.stack.includes('ext:'), cause.stack);
  });

  test('because an argument cannot be cloned names its place', async (t) => {
    const pool = await withPool(t, { host: { f: () => assert.fail('was called') } });
    const { stack: _, ...seen } = await run(pool, caught('host.f(1, { user: { save() {} } })'));
    assert.deepEqual([seen.name, seen.code, seen.is], ['DataCloneError', 'ERR_DATA_CLONE', true]);
    assert.ok(seen.message.startsWith('arguments[1].user.save cannot be cloned: '), seen.message);
  });

  test('because a result cannot be cloned names its place', async (t) => {
    const pool = await withPool(t, { host: { db: { get: () => ({ rows: [{ save() {} }] }) } } });
    const { stack: _, ...seen } = await run(pool, caught('host.db.get()'));
    assert.deepEqual([seen.name, seen.code], ['DataCloneError', 'ERR_DATA_CLONE']);
    assert.ok(seen.message.startsWith('result.rows[0].save of host.db.get cannot be cloned: '), seen.message);
  });
});

describe('limits', () => {
  test('more than maxHostCalls in flight are refused, and the others are answered', async (t) => {
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    let calls = 0;
    const pool = await withPool(t, { maxHostCalls: 3, host: { wait: () => ++calls && released } });
    const code = `
      const all = Array.from({ length: 10 }, () => host.wait().then(() => 'done', (e) => [e.code, e.message]));
      const refused = await Promise.all(all.slice(3));
      return refused`;
    const refusal = ['ERR_HOST_BUSY', 'too many host calls in flight (limit 3)'];
    assert.deepEqual(await run(pool, code), Array(7).fill(refusal));
    assert.equal(calls, 3);
    release();
    assert.equal(await run(pool, 'await host.wait(); await host.wait(); return 1'), 1);
  });

  test('a hundred that listen to the signal are no leak that Node warns of', async (t) => {
    const warnings = [];
    const warn = (warning) => warnings.push(warning.message);
    process.on('warning', warn);
    t.after(() => process.off('warning', warn));
    const listen = (_, { signal }) => {
      signal.addEventListener('abort', () => {});
      return new Promise((resolve) => setImmediate(resolve, 1));
    };
    const pool = await withPool(t, { host: { listen } });
    const code = 'return (await Promise.all(Array.from({ length: 100 }, () => host.listen(0)))).length';
    assert.equal(await run(pool, code), 100);
    assert.deepEqual(warnings, []);
  });

  test('a hundred are allowed where nothing is said', async (t) => {
    let calls = 0;
    const pool = await withPool(t, { host: { hang: () => ++calls && new Promise(() => {}) } });
    const code = `
      const all = Array.from({ length: 120 }, () => host.hang());
      const refused = await Promise.allSettled(all.slice(100));
      return refused.map(({ reason }) => reason.code)`;
    assert.deepEqual(await run(pool, code), Array(20).fill('ERR_HOST_BUSY'));
    assert.equal(calls, 100);
  });

  test('tasks that share an isolate have each their own', async (t) => {
    const pool = await withPool(t, { maxHostCalls: 2, tasksPerWorker: 2, host: { f: () => 1 } });
    const code = 'for (let i = 0; i < 100; i++) await Promise.all([host.f(), host.f()]); return 1';
    assert.deepEqual(await Promise.all([run(pool, code), run(pool, code)]), [1, 1]);
  });

  test('a flood of calls that nobody waits for reaches this process within the limit', async (t) => {
    let most = 0;
    let open = 0;
    const host = {
      f: async () => {
        most = Math.max(most, ++open);
        await new Promise(setImmediate);
        open--;
      },
    };
    const pool = await withPool(t, { host });
    const code = `
      let refused = 0;
      for (let i = 0; i < 20000; i++) host.f().catch(() => refused++);
      await host.f().catch(() => refused++);
      return refused`;
    assert.ok((await run(pool, code)) > 19_000);
    assert.ok(most <= 100, `${most} at once`);
  });

  test('arguments that wait take no more than the memory of an isolate', async (t) => {
    const pool = await withPool(t, { workerMemoryLimitMB: 64, host: { hang: () => new Promise(() => {}) } });
    const code = `
      const text = 'x'.repeat(2 ** 20);
      const codes = [];
      for (let i = 0; i < 90; i++) {
        host.hang(text).catch((e) => codes.push([e.code, e.message]));
        await null;
      }
      for (let i = 0; i < 50; i++) await null;
      return codes`;
    const codes = await run(pool, code);
    assert.ok(codes.length >= 90 - 64 && codes.length < 60, `${codes.length} refused`);
    const message = 'the arguments of host calls in flight take too much memory (limit 64 MB)';
    assert.deepEqual(codes[0], ['ERR_HOST_BUSY', message]);
  });

  test('an argument that is larger than the isolate may be ends the task alone', async (t) => {
    const pool = await withPool(t, { workerMemoryLimitMB: 32, host: { f: () => assert.fail('was called') } });
    await failure(run(pool, 'return host.f(new Uint8Array(2 ** 26))'), 'ERR_MEMORY_LIMIT');
    assert.equal(await run(pool, 'return 1'), 1);
  });

  test('a result that is larger than the isolate may be ends the task alone', async (t) => {
    const pool = await withPool(t, { workerMemoryLimitMB: 32, host: { f: () => new Uint8Array(2 ** 26) } });
    await failure(run(pool, 'return (await host.f()).length'), 'ERR_MEMORY_LIMIT');
    assert.equal(await run(pool, 'return 1'), 1);
  });
});

describe('the end of a task', () => {
  test('aborts ctx.signal when the task is done', async (t) => {
    const { hang, called } = hanging();
    const pool = await withPool(t, { host: { hang, sync: () => 1 } });
    assert.equal(await run(pool, 'host.hang(); await host.sync(); return 1'), 1);
    const signal = await called;
    assert.ok(signal.aborted);
    assert.equal(signal.reason.name, 'AbortError');
  });

  const ends = {
    'runs out of time': { options: { timeout: 50 }, code: 'ERR_TASK_TIMEOUT' },
    'is aborted': { act: ({ controller }) => controller.abort(), code: 'ERR_TASK_ABORTED' },
    'is ended by shutdown(false)': { act: ({ pool }) => pool.shutdown(false), code: 'ERR_POOL_CLOSED' },
    throws: { body: 'host.hang(); await host.sync(); throw new Error("x")', code: 'ERR_TASK_FAILED' },
    'takes too much memory': {
      body: 'host.hang(); await host.sync(); return new Uint8Array(2 ** 30).length',
      code: 'ERR_MEMORY_LIMIT',
    },
    'loses its worker': {
      body: 'host.hang(); await host.sync(); const a = []; for (;;) a.push(new Array(1000).fill(a.length))',
      code: 'ERR_MEMORY_LIMIT',
    },
  };
  for (const [how, { body = 'return host.hang()', options, act, code }] of Object.entries(ends)) {
    test(`aborts ctx.signal when the task ${how}`, async (t) => {
      const told = hanging();
      const pool = await withPool(t, { workerMemoryLimitMB: 32, host: { hang: told.hang, sync: () => 1 } });
      const controller = new AbortController();
      const ended = failure(run(pool, body, undefined, { signal: controller.signal, ...options }), code);
      const signal = await told.called;
      const over = told.over;
      await Promise.all([act?.({ pool, controller }), ended]);
      await over;
      assert.ok(signal.aborted);
    });
  }

  test('aborts the signal of an attempt that is retried, and the next has its own', async (t) => {
    const signals = [];
    const host = {
      look: ({ attempt, signal }) => {
        signals.push([attempt, signal]);
        return signals.map(([, { aborted }]) => aborted);
      },
    };
    const pool = await withPool(t, { maxTaskRetries: 1, retryBackoffMs: 0, host });
    const code = 'const seen = await host.look(); if (seen.length === 1) throw new Error("again"); return seen';
    assert.deepEqual(await run(pool, code), [true, false]);
    assert.deepEqual(
      signals.map(([attempt]) => attempt),
      [1, 2],
    );
  });

  test('lets a call that never settles go, and the worker takes the next task', async (t) => {
    const pool = await withPool(t, { host: { hang: () => new Promise(() => {}) } });
    for (let i = 0; i < 3; i++)
      await failure(run(pool, 'await host.hang()', undefined, { timeout: 20 }), 'ERR_TASK_TIMEOUT');
    assert.equal(await run(pool, 'host.hang(); host.hang(); return 7'), 7);
    assert.equal(await run(pool, 'return 8'), 8);
    assert.equal(pool.getPoolMetrics().pool.size, 1);
    assert.equal(pool.getPoolMetrics().performance.workersRestarted, 0);
  });

  test('drops a late answer, and the code that waited for it does not go on', async (t) => {
    let answer;
    const late = new Promise((resolve) => {
      answer = resolve;
    });
    const pool = await withPool(t, { host: { late: () => late, again: () => assert.fail('went on') } });
    const printed = [];
    pool.on('console', ({ text }) => printed.push(text));
    const body = 'host.late().finally(() => { console.log("late"); host.again() }); return 1';
    assert.equal(await run(pool, body), 1);
    answer('too late');
    for (let i = 0; i < 20; i++) assert.equal(await run(pool, 'return 2'), 2);
    assert.deepEqual(printed, []);
  });

  test('that is retried leaves no answer for the attempt after it', async (t) => {
    const answers = [];
    const host = {
      ask: ({ attempt }) =>
        new Promise((resolve) => {
          answers.push(() => resolve(attempt));
          if (attempt === 2) for (const answer of answers) answer();
        }),
    };
    const pool = await withPool(t, { maxTaskRetries: 1, retryBackoffMs: 0, host });
    assert.equal(await run(pool, 'return host.ask()', undefined, { timeout: 100 }), 2);
  });

  test('by shutdown() waits for calls that are under way', async (t) => {
    let answer;
    const host = {
      ask: () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    };
    const pool = await withPool(t, { host });
    const started = nextEvent(pool, 'task-started');
    const result = run(pool, 'return host.ask()');
    await started;
    const closing = pool.shutdown();
    while (answer === undefined) await new Promise(setImmediate);
    answer('in time');
    assert.equal(await result, 'in time');
    await closing;
  });

  test('by an abort rejects what its last words wait for', async (t) => {
    const workerScript = script(`export default {
      async work(_, { host, signal }) {
        try { await host.hang(); } catch (error) { console.log(error.name, error.code); }
      } };`);
    const told = hanging();
    const pool = await withPool(t, { workerScript, host: { hang: told.hang } });
    const line = nextEvent(pool, 'console');
    const controller = new AbortController();
    const ended = rejection(pool.submitTask({ type: 'work', signal: controller.signal }));
    await told.called;
    controller.abort();
    await ended;
    // Runs after it, and keeps this process waiting.
    await run(pool, 'return 1');
    assert.equal((await line).text, 'AbortError ERR_HOST_CLOSED');
  });
});
