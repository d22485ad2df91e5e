'use strict';

// Async iterables between tasks and host functions, in both directions: items cross one by one, and streams end with
// their task.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { createReadStream } = require('node:fs');
const { Readable } = require('node:stream');
const { text } = require('node:stream/consumers');
const { describe, test } = require('../support/test.js');
const { failure, script, withPool } = require('../support/pool.js');

/** Runs the body of an async function. */
const run = (pool, code, inputs, options) => pool.submitTask({ type: 'javascript', code, inputs }, options);

/** A function, and a promise for its call. */
function signal() {
  let resolve;
  const promise = new Promise((r) => {
    resolve = r;
  });
  return Object.assign(resolve, { called: promise });
}

/** A generator of the numbers from 0, and how it ended. */
function counter() {
  const state = { given: 0, closed: signal() };
  state.count = async function* (limit = Number.POSITIVE_INFINITY) {
    try {
      while (state.given < limit) yield state.given++;
    } finally {
      state.closed(state.given);
    }
  };
  return state;
}

describe('a stream that a host function returns', () => {
  test('is read item by item, with and without an await before it', async (t) => {
    const pool = await withPool(t, {
      host: {
        async *letters() {
          yield* ['a', { b: 1 }, new Uint8Array([1, 2])];
        },
      },
    });
    const loop = (call) => `const seen = []; for await (const item of ${call}) seen.push(item); return seen`;
    const expected = ['a', { b: 1 }, new Uint8Array([1, 2])];
    assert.deepEqual(await run(pool, loop('host.letters()')), expected);
    assert.deepEqual(await run(pool, loop('await host.letters()')), expected);
  });

  test('may be a promise, a Readable of Node or a web ReadableStream', async (t) => {
    const pool = await withPool(t, {
      host: {
        promise: async () => counter().count(3),
        node: () => Readable.from(['a', 'b']),
        bytes: () => Readable.from([Buffer.from('xy'), Buffer.from('z')], { objectMode: false }),
        web: () => new Blob(['hello']).stream(),
      },
    });
    const code = `
      const all = [];
      for (const name of ['promise', 'node', 'bytes', 'web']) {
        for await (const item of host[name]()) all.push(item);
      }
      return all`;
    const bytes = (string) => new Uint8Array(Buffer.from(string));
    assert.deepEqual(await run(pool, code), [0, 1, 2, 'a', 'b', bytes('xy'), bytes('z'), bytes('hello')]);
  });

  test('may be a property of a plain object', async (t) => {
    const pool = await withPool(t, {
      host: { get: async () => ({ status: 200, body: Readable.from(['a', 'b']), more: counter().count(2) }) },
    });
    const code = `
      const { status, body, more } = await host.get();
      const seen = [status];
      for await (const item of body) seen.push(item);
      for await (const item of more) seen.push(item);
      return seen`;
    assert.deepEqual(await run(pool, code), [200, 'a', 'b', 0, 1]);
  });

  test('may be empty', async (t) => {
    const pool = await withPool(t, { host: { nothing: () => counter().count(0) } });
    assert.equal(await run(pool, 'let n = 0; for await (const _ of host.nothing()) n++; return n'), 0);
  });

  test('is asked for one item at a time', async (t) => {
    const state = counter();
    const pool = await withPool(t, { host: { count: () => state.count(), given: () => state.given } });
    const code = `
      const seen = [];
      for await (const item of host.count()) {
        seen.push(await host.given());
        if (item === 3) break;
      }
      return seen`;
    assert.deepEqual(await run(pool, code), [1, 2, 3, 4]);
  });

  test('is closed by a break', async (t) => {
    const state = counter();
    const pool = await withPool(t, { host: { count: () => state.count() } });
    assert.equal(await run(pool, 'for await (const item of host.count()) if (item === 2) return item'), 2);
    assert.equal(await state.closed.called, 3);
  });

  test('is closed by a return() before the first item', async (t) => {
    const source = Readable.from(['a']);
    const closed = once(source, 'close');
    const pool = await withPool(t, { host: { source: () => source } });
    const code =
      'const items = await host.source(); await items.return(); return [...(await items.next()).value ?? "-"]';
    assert.deepEqual(await run(pool, code), ['-']);
    await closed;
    assert.ok(source.destroyed);
  });

  test('gives items in order when many are asked for at once', async (t) => {
    const pool = await withPool(t, { host: { count: () => counter().count(3) } });
    const code = `
      const items = await host.count();
      const all = await Promise.all([items.next(), items.next(), items.next(), items.next()]);
      return all.map(({ done, value }) => (done ? 'done' : value))`;
    assert.deepEqual(await run(pool, code), [0, 1, 2, 'done']);
  });

  test('fails in the task with the error that it fails with here', async (t) => {
    const pool = await withPool(t, {
      host: {
        async *fails() {
          yield 1;
          throw Object.assign(new RangeError('broken'), { code: 'EBROKEN', secret: 1 });
        },
        missing: () => createReadStream('/there/is/no/such/file'),
      },
    });
    const code = (name) => `
      const seen = [];
      try { for await (const item of host.${name}()) seen.push(item); }
      catch (e) { seen.push(e instanceof RangeError, e.code, 'secret' in e); }
      return seen`;
    assert.deepEqual(await run(pool, code('fails')), [1, true, 'EBROKEN', false]);
    assert.deepEqual(await run(pool, code('missing')), [false, 'ENOENT', false]);
  });

  test('fails in the task, and is closed, when an item cannot be cloned', async (t) => {
    const closed = signal();
    const pool = await withPool(t, {
      host: {
        async *functions() {
          try {
            yield { f() {} };
          } finally {
            closed();
          }
        },
      },
    });
    const code = 'try { for await (const _ of host.functions()); } catch (e) { return [e.name, e.message] }';
    const [name, message] = await run(pool, code);
    assert.equal(name, 'DataCloneError');
    assert.ok(message.startsWith('item.f of a stream cannot be cloned: '), message);
    await closed.called;
  });

  test('that fails while it is not read affects nothing else', async (t) => {
    let failed;
    const source = () => {
      const stream = createReadStream('/there/is/no/such/file');
      failed = new Promise((resolve) => stream.once('close', resolve));
      return stream;
    };
    const pool = await withPool(t, { host: { source, failed: () => failed.then(() => 1) } });
    assert.equal(await run(pool, 'await host.source(); return host.failed()'), 1);
  });

  const ends = {
    'is done': ['return 1'],
    throws: ['throw new Error("x")', 'ERR_TASK_FAILED'],
    'runs out of time': ['await new Promise(() => {})', 'ERR_TASK_TIMEOUT', { timeout: 50 }],
    'is stopped in a loop': ['for (;;);', 'ERR_TASK_TIMEOUT', { timeout: 50 }],
  };
  for (const [how, [rest, code, options]] of Object.entries(ends)) {
    test(`is closed when its task ${how}`, async (t) => {
      const state = counter();
      const unread = new Readable({ read() {} });
      const closed = once(unread, 'close');
      const pool = await withPool(t, { host: { count: () => state.count(), unread: () => unread } });
      const body = `const a = await host.count(); await a.next(); await host.unread(); ${rest}`;
      const ended = run(pool, body, undefined, options);
      await (code === undefined ? ended : failure(ended, code));
      assert.equal(await state.closed.called, 1);
      await closed;
    });
  }

  test('is closed when its attempt is retried', async (t) => {
    const states = [];
    const host = {
      count: () => {
        states.push(counter());
        return states.at(-1).count();
      },
    };
    const pool = await withPool(t, { host, maxTaskRetries: 1, retryBackoffMs: 0 });
    const workerScript = 'const items = await host.count(); await items.next();';
    await failure(run(pool, `${workerScript} throw new Error("again")`), 'ERR_TASK_FAILED');
    assert.equal(states.length, 2);
    for (const { closed } of states) assert.equal(await closed.called, 1);
  });

  test('is closed when its call was dropped before the function returned', async (t) => {
    const state = counter();
    const asked = signal();
    const give = signal();
    const host = { late: () => asked() ?? give.called.then(() => state.source) };
    const pool = await withPool(t, { host });
    state.source = new Readable({ read() {} });
    const closed = once(state.source, 'close');
    await failure(run(pool, 'return host.late()', undefined, { timeout: 50 }), 'ERR_TASK_TIMEOUT');
    await asked.called;
    give();
    await closed;
  });

  test('is no more than maxHostCalls open at once', async (t) => {
    let closed = 0;
    const host = {
      open: () =>
        new Readable({
          read() {},
          destroy(_, done) {
            closed++;
            done();
          },
        }),
    };
    const pool = await withPool(t, { maxHostCalls: 2, host });
    const code = `
      const streams = [await host.open(), await host.open()];
      const busy = await host.open().catch((e) => [e.code, e.message]);
      await streams[0].return();
      await host.open();
      return busy`;
    assert.deepEqual(await run(pool, code), ['ERR_HOST_BUSY', 'too many streams are open in a task (limit 2)']);
    assert.equal(closed, 4);
  });
});

describe('a stream that a task passes', () => {
  const host = {
    async sum(items) {
      let sum = 0;
      for await (const item of items) sum += item;
      return sum;
    },
  };

  test('is read item by item', async (t) => {
    const pool = await withPool(t, { host });
    assert.equal(await run(pool, 'return host.sum((async function* () { yield 1; yield 2; yield 39 })())'), 42);
  });

  test('may be a ReadableStream, or a property of a plain object', async (t) => {
    const pool = await withPool(t, {
      host: { read: async ({ name, body }) => [name, await text(body)] },
    });
    const code = `
      const body = new Blob(['hello, ', 'world']).stream();
      return host.read({ name: 'x', body })`;
    assert.deepEqual(await run(pool, code), ['x', 'hello, world']);
  });

  test("does not change the task's own object", async (t) => {
    const pool = await withPool(t, { host: { read: ({ body }) => host.sum(body) } });
    const code = `
      const body = (async function* () { yield 1 })();
      const request = { body };
      await host.read(request);
      return request.body === body`;
    assert.equal(await run(pool, code), true);
  });

  test('is asked for one item at a time', async (t) => {
    const pool = await withPool(t, {
      host: {
        async slow(items, progress) {
          const seen = [];
          for await (const item of items) {
            seen.push(item);
            await new Promise(setImmediate);
            if (item === 4) break;
          }
          return [seen, progress];
        },
      },
    });
    const code = `
      let made = 0;
      let closed = false;
      async function* items() { try { for (;;) yield made++; } finally { closed = true; } }
      const [seen] = await host.slow(items(), made);
      while (!closed) await new Promise((resolve) => setTimeout(resolve));
      return [seen, made]`;
    assert.deepEqual(await run(pool, code), [[0, 1, 2, 3, 4], 5]);
  });

  test('can be returned by the host function, and ends on both sides', async (t) => {
    const closed = signal();
    const pool = await withPool(t, {
      host: {
        async *twice(items) {
          try {
            for await (const item of items) yield 2 * item;
          } finally {
            closed();
          }
        },
      },
    });
    const code = `
      const seen = [];
      let end;
      async function* items() { try { for (let i = 0; ; i++) yield i; } finally { end = 'closed'; } }
      for await (const item of host.twice(items())) { seen.push(item); if (item === 6) break; }
      while (!end) await new Promise((resolve) => setTimeout(resolve));
      return [seen, end]`;
    assert.deepEqual(await run(pool, code), [[0, 2, 4, 6], 'closed']);
    await closed.called;
  });

  test('fails here with the error that it fails with in the task', async (t) => {
    let seen;
    const pool = await withPool(t, {
      host: {
        sum: (items) =>
          host.sum(items).catch((error) => {
            seen = error;
            return 'failed';
          }),
      },
    });
    const code = 'return host.sum((async function* () { yield 1; throw new RangeError("no") })())';
    assert.equal(await run(pool, code), 'failed');
    assert.ok(seen instanceof RangeError);
    assert.equal(seen.message, 'no');
  });

  test('fails here, and is closed there, when an item cannot be cloned', async (t) => {
    const pool = await withPool(t, { host: { sum: (items) => host.sum(items).catch(({ message }) => message) } });
    const code = `
      let closed = false;
      async function* items() { try { yield () => 1; } finally { closed = true; } }
      const message = await host.sum(items());
      while (!closed) await new Promise((resolve) => setTimeout(resolve));
      return message`;
    assert.match(await run(pool, code), /could not be cloned/);
  });

  test('is closed when nobody reads it', async (t) => {
    const pool = await withPool(t, { host: { ignore: () => 'ignored' } });
    const code = `
      const items = { [Symbol.asyncIterator]() { throw new Error('was read'); } };
      return [await host.ignore(items), await host.ignore(items)]`;
    assert.deepEqual(await run(pool, code), ['ignored', 'ignored']);
  });

  test('fails here when its task is over', async (t) => {
    const failed = signal();
    const pool = await withPool(t, {
      host: {
        async read(items) {
          try {
            for await (const _ of items);
          } catch (error) {
            failed(error);
          }
        },
      },
    });
    const code = 'await host.read((async function* () { yield 1; await new Promise(() => {}) })())';
    await failure(run(pool, code, undefined, { timeout: 50 }), 'ERR_TASK_TIMEOUT');
    assert.equal((await failed.called).name, 'AbortError');
  });

  test('is no more than maxHostCalls open at once', async (t) => {
    const pool = await withPool(t, { maxHostCalls: 2, host });
    const code = `
      const never = () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) });
      host.sum(never());
      return host.sum({ a: never(), b: never(), c: never() }).catch((e) => e.code)`;
    assert.equal(await run(pool, code), 'ERR_HOST_BUSY');
  });

  test('may be broken in any way without affecting others', async (t) => {
    const pool = await withPool(t, { host: { sum: (items) => host.sum(items).catch(({ name }) => name) } });
    const of = (next) => `host.sum({ [Symbol.asyncIterator]: () => (${next}) })`;
    const broken = [
      of('5'),
      of('{}'),
      of('{ next: 5 }'),
      of('{ next: () => 5 }'),
      of('{ next() { throw new RangeError() } }'),
      of('{ next: () => ({ get done() { throw new RangeError() } }) }'),
      of('{ next: () => ({ get value() { throw new RangeError() } }) }'),
      'host.sum({ [Symbol.asyncIterator]() { throw new RangeError() } })',
      'host.sum(new Proxy({}, { get() { throw new RangeError() } })).catch((e) => e.name)',
    ];
    const seen = await Promise.all(broken.map((call) => run(pool, `return ${call}`)));
    const [type, range] = ['TypeError', 'RangeError'];
    assert.deepEqual(seen, [type, type, type, type, range, range, range, range, range]);
    assert.equal(await run(pool, 'return 1'), 1);
  });
});

test('streams of many tasks in one isolate are independent', async (t) => {
  const pool = await withPool(t, {
    tasksPerWorker: 10,
    host: {
      async *times(items, factor) {
        for await (const item of items) yield item * factor;
      },
    },
  });
  const code = `
    const seen = [];
    const items = async function* () { for (let i = 0; i < 20; i++) yield i; };
    for await (const item of host.times(items(), inputs)) seen.push(item);
    return seen`;
  const all = await Promise.all(Array.from({ length: 10 }, (_, factor) => run(pool, code, factor)));
  all.forEach((seen, factor) => {
    assert.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, i) => i * factor),
    );
  });
});

test('a task cannot read a stream of another task', async (t) => {
  const state = counter();
  const workerScript = script(`
    let items;
    export default {
      keep: async (_, { host }) => { items = await host.count(); return (await items.next()).value; },
      take: async () => (await items.next()).done,
    };`);
  const pool = await withPool(t, { workerScript, host: { count: () => state.count() } });
  assert.equal(await pool.submitTask({ type: 'keep' }), 0);
  assert.equal(await pool.submitTask({ type: 'take' }), true);
  assert.equal(await state.closed.called, 1);
});
