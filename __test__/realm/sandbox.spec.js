'use strict';

// What untrusted code cannot reach by default: the process, the network, files, a precise clock, other threads.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { failure, withPool } = require('../support/pool.js');

const run = async (t, code, task) => (await withPool(t, task?.pool)).submitTask({ type: 'javascript', code });

test('there are no globals of Node, Deno and V8', async (t) => {
  const names = [
    'require',
    'module',
    'exports',
    'process',
    'global',
    'Buffer',
    '__dirname',
    '__filename',
    'Deno',
    'Bun',
    '__bootstrap',
    'rustyscript',
    'isolane',
    'gc',
    'd8',
    'load',
    'read',
    'print',
    'quit',
    'version',
    'postMessage',
    'importScripts',
    'window',
    'self',
    'document',
    'location',
    'localStorage',
    'sessionStorage',
    'XMLHttpRequest',
    'Worker',
    'WorkerGlobalScope',
    'BroadcastChannel',
    'SharedArrayBuffer',
    'Temporal',
  ];
  const code = `return ${JSON.stringify(names)}.filter((name) => name in globalThis)`;
  assert.deepEqual(await run(t, code), []);
});

test('no property of the realm has a name of Deno or of a binding', async (t) => {
  const code = `
    const names = [];
    for (const key of Reflect.ownKeys(globalThis)) names.push(String(key));
    return names.filter((name) => /deno|bootstrap|isolane|rusty|__|op_/i.test(name));
  `;
  assert.deepEqual(await run(t, code), []);
});

test('import rejects, whatever it names', async (t) => {
  const specifiers = [
    'node:fs',
    'fs',
    'node:process',
    'file:///etc/passwd',
    './x.js',
    '/etc/passwd',
    'data:text/javascript,export default 1',
    'https://example.com/x.js',
    'npm:left-pad',
    'jsr:@std/fs',
    'blob:null/1',
    'ext:core/mod.js',
    'ext:core/ops',
    'ext:isolane/bootstrap.js',
    'ext:isolane/timers.js',
    '',
  ];
  const pool = await withPool(t);
  for (const specifier of specifiers) {
    const code = `return import(${JSON.stringify(specifier)}).then(() => 'loaded')`;
    await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
    const inside = `return (0, eval)(${JSON.stringify(`import(${JSON.stringify(specifier)}).then(() => 'loaded')`)})`;
    await failure(pool.submitTask({ type: 'javascript', code: inside }), 'ERR_TASK_FAILED');
  }
});

test('import.meta and static imports are syntax errors', async (t) => {
  const pool = await withPool(t);
  for (const code of ['return import.meta.url', 'import fs from "node:fs"', 'export default 1']) {
    const { cause } = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
    assert.equal(cause.name, 'SyntaxError', code);
  }
});

test('eval and Function work, and see the globals of the task alone', async (t) => {
  const code = `
    const secret = 1;
    return [
      eval('1 + 1'), eval('secret'), (0, eval)('typeof secret'), new Function('a', 'return a * 2')(3), Function('return typeof process')(),
      Function('return this')() === globalThis, (0, eval)('this') === globalThis, (0, eval)('typeof require'),
      (async () => {}).constructor === Object.getPrototypeOf(async () => {}).constructor,
      await new (async () => {}).constructor('return await 5')(),
      setTimeout.constructor === Function, structuredClone.constructor('return typeof process')(),
    ];
  `;
  const outcome = [2, 1, 'undefined', 6, 'undefined', true, true, 'undefined', true, 5, true, 'undefined'];
  assert.deepEqual(await run(t, code), outcome);
});

test('constructors of every global lead to the realm of the task', async (t) => {
  const code = `
    const strange = [];
    for (const name of Object.getOwnPropertyNames(globalThis)) {
      const value = globalThis[name];
      if (value === null || (typeof value !== 'object' && typeof value !== 'function')) continue;
      // An object without a prototype has no constructor.
      if (Object.getPrototypeOf(value) === null && !('constructor' in value)) continue;
      let top = value;
      while (Object.getPrototypeOf(top) !== null) top = Object.getPrototypeOf(top);
      if (top !== Object.prototype && value !== Object.prototype) strange.push(name);
      if (typeof value === 'function' && !(value instanceof Function)) strange.push(name);
    }
    return strange;
  `;
  assert.deepEqual(await run(t, code), []);
});

test("V8's natives syntax is a syntax error", async (t) => {
  const pool = await withPool(t);
  for (const code of ['return %GetOptimizationStatus(() => {})', 'return eval("%DebugPrint(1)")']) {
    const { cause } = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
    assert.equal(cause.name, 'SyntaxError', code);
  }
});

test('there is no shared memory: neither SharedArrayBuffer, in any way, nor Atomics.wait', async (t) => {
  const code = `
    const outcome = [typeof SharedArrayBuffer, typeof Atomics.wait, typeof Atomics.waitAsync];
    try {
      const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
      outcome.push(Object.prototype.toString.call(buffer));
    } catch (error) {
      outcome.push(error.name);
    }
    return outcome;
  `;
  const [name, wait, waitAsync, shared] = await run(t, code);
  assert.deepEqual([name, wait, waitAsync], ['undefined', 'undefined', 'undefined']);
  // A shared memory of WebAssembly reveals the constructor, but there is no other thread to share memory with.
  assert.ok(['TypeError', 'RangeError', '[object SharedArrayBuffer]'].includes(shared), shared);
});

test('no clock is finer than a millisecond', async (t) => {
  const code = `
    const clocks = {
      date: () => Date.now(),
      object: () => +new Date(),
      performance: () => performance.now(),
      event: () => new Event('x').timeStamp,
      mark: () => performance.mark('a').startTime,
    };
    const fine = [];
    for (const [name, clock] of Object.entries(clocks)) {
      for (let i = 0; i < 2000; i++) {
        const time = clock();
        if (!Number.isInteger(time)) {
          fine.push([name, time]);
          break;
        }
      }
    }
    const formatted = new Intl.DateTimeFormat('en', { fractionalSecondDigits: 3 }).format();
    return [fine, formatted.length];
  `;
  assert.deepEqual(await run(t, code), [[], 3]);
});

test('console.time shows whole milliseconds', async (t) => {
  const pool = await withPool(t);
  const texts = [];
  pool.on('console', ({ text }) => texts.push(text));
  const code = 'console.time(); await new Promise((resolve) => setTimeout(resolve, 5)); console.timeEnd()';
  await pool.submitTask({ type: 'javascript', code });
  await new Promise((resolve) => setImmediate(resolve));
  assert.match(texts.join(), /^default: \d+ms$/);
});

test('dates have no finer resolution', async (t) => {
  assert.deepEqual(await run(t, 'return [typeof Temporal, "toTemporalInstant" in Date.prototype]'), [
    'undefined',
    false,
  ]);
});

test('WebAssembly takes bytes only, and does not load from a network', async (t) => {
  const code = `
    const outcome = [];
    for (const name of ['compileStreaming', 'instantiateStreaming']) {
      outcome.push(typeof WebAssembly[name] === 'function' ? await WebAssembly[name]({}).then(() => 'ran', (error) => error.name) : 'absent');
    }
    return outcome;
  `;
  for (const outcome of await run(t, code)) assert.ok(['absent', 'TypeError'].includes(outcome), outcome);
});

test('stack traces contain no files of this machine', async (t) => {
  const code = `
    const stacks = [new Error('a').stack];
    try { structuredClone(() => {}); } catch (error) { stacks.push(error.stack); }
    try { new URL('nonsense'); } catch (error) { stacks.push(error.stack); }
    const holder = {};
    Error.captureStackTrace(holder);
    stacks.push(holder.stack);
    await null;
    setTimeout(() => stacks.push(new Error('b').stack), 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    return stacks;
  `;
  for (const stack of await run(t, code))
    assert.doesNotMatch(stack, /\/(home|root|tmp|work|usr|Users)\/|\.rs\b|\.cargo/);
});

test('Intl reveals neither a user nor more of this machine than its default time zone', async (t) => {
  const code =
    'const { timeZone, locale } = new Intl.DateTimeFormat().resolvedOptions(); return [typeof timeZone, typeof locale]';
  assert.deepEqual(await run(t, code), ['string', 'string']);
});
