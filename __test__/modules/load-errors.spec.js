'use strict';

// A worker script that cannot be loaded rejects createWorkerPool with ERR_MODULE_LOAD and a helpful message.

const assert = require('node:assert/strict');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { describe, test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');
const { createWorkerPool } = require('../..');
const { folder } = require('../support/folder.js');
const { failure, nextEvent, script, withPool } = require('../support/pool.js');

const start = (workerScript, options) => createWorkerPool({ poolSize: 2, workerScript, ...options });
const loadError = (workerScript, options) => failure(start(workerScript, options), 'ERR_MODULE_LOAD');

test('a missing file is named', async () => {
  const file = path.join(__dirname, 'missing.mjs');
  for (const given of [file, pathToFileURL(file), pathToFileURL(file).href]) {
    const error = await loadError(given);
    assert.ok(error.message.includes(file), error.message);
    assert.match(error.message, /no such file/);
    assert.equal(error.file, pathToFileURL(file).href);
  }
});

test('a folder is refused', async () => {
  const error = await loadError(__dirname);
  assert.ok(error.message.includes(__dirname), error.message);
});

test('a file: URL with a host is refused with a message', async () => {
  for (const given of [
    'file://host/worker.mjs',
    { code: 'export default () => 1', filename: 'file://host/worker.mjs' },
  ]) {
    const error = await start(given).then(
      () => undefined,
      (e) => e,
    );
    if (error === undefined) continue;
    assert.match(error.code, /^ERR_(INVALID_ARG|MODULE_LOAD)$/, error.stack);
  }
});

test('a path with a NUL is refused with a message', async () => {
  const error = await start('a\0b.mjs').catch((e) => e);
  assert.match(error.code, /^ERR_(INVALID_ARG|MODULE_LOAD)$/);
});

for (const extension of ['mjs', 'ts']) {
  test(`a syntax error in .${extension} has file, line and column`, async (t) => {
    const at = folder(t, {
      [`worker.${extension}`]: 'export const a = 1;\n\nexport default { run() { return 1 +* 2; } };\n',
    });
    const file = path.join(at, `worker.${extension}`);
    const error = await loadError(file);
    assert.deepEqual([error.file, error.line], [pathToFileURL(file).href, 3], error.message);
    assert.equal(typeof error.column, 'number');
    assert.ok(error.message.includes(`${pathToFileURL(file).href}:3:`), error.message);
  });

  test(`a script in .${extension} that throws while it loads has the position and the message`, async (t) => {
    const at = folder(t, {
      [`worker.${extension}`]: '\n\n  throw new RangeError("not today");\nexport default () => 1;\n',
    });
    const file = path.join(at, `worker.${extension}`);
    const error = await loadError(file);
    assert.match(error.message, /RangeError: not today/);
    assert.deepEqual([error.file, error.line, error.column], [pathToFileURL(file).href, 3, 9], error.message);
  });
}

test('an error in an imported file has the position in that file', async (t) => {
  const at = folder(t, { 'worker.mjs': "import './inner.mjs';\nexport default () => 1;", 'inner.mjs': '\nnull.x;\n' });
  const error = await loadError(path.join(at, 'worker.mjs'));
  assert.deepEqual([error.file, error.line], [pathToFileURL(path.join(at, 'inner.mjs')).href, 2], error.message);
});

test('a syntax error in an imported file has the position in that file', async (t) => {
  const at = folder(t, {
    'worker.mjs': "import './inner.mjs';\nexport default () => 1;",
    'inner.mjs': '\nlet = 5;;; )\n',
  });
  const error = await loadError(path.join(at, 'worker.mjs'));
  assert.deepEqual([error.file, error.line], [pathToFileURL(path.join(at, 'inner.mjs')).href, 2], error.message);
});

test('an import of a missing file is named, with who imports it', async (t) => {
  const at = folder(t, { 'worker.mjs': "import { a } from './gone.mjs';\nexport default () => a;" });
  const error = await loadError(path.join(at, 'worker.mjs'));
  assert.match(error.message, /gone\.mjs/);
  assert.match(error.message, /worker\.mjs/);
});

test('an import of a name that is not exported is named', async (t) => {
  const at = folder(t, {
    'worker.mjs': "import { gone } from './inner.mjs';\nexport default () => gone;",
    'inner.mjs': 'export const a = 1;',
  });
  const error = await loadError(path.join(at, 'worker.mjs'));
  assert.match(error.message, /gone/);
});

test('an import of a missing package is named', async (t) => {
  const at = folder(t, { 'worker.mjs': "import gone from 'no-such-package-here';\nexport default () => gone;" });
  const error = await loadError(path.join(at, 'worker.mjs'));
  assert.match(error.message, /no-such-package-here/);
  assert.deepEqual([error.file, error.line], [pathToFileURL(path.join(at, 'worker.mjs')).href, 1]);
});

test('an import of a module of Node is refused and named', async () => {
  const error = await loadError(script("import fs from 'node:fs';\nexport default () => fs;"));
  assert.match(error.message, /node:fs/);
});

test('an import from the network is refused and named', async () => {
  const error = await loadError(script("import a from 'https://example.com/a.mjs';\nexport default () => a;"));
  assert.match(error.message, /https:\/\/example\.com/);
});

for (const [name, code] of Object.entries({
  nothing: '',
  'only values': 'export const a = 1; export default { b: 2 };',
  'a default value': 'export default 5;',
  null: 'export default null;',
  'a CommonJS module': 'const a = 1;',
})) {
  test(`a script that exports ${name} says that there is no handler`, async () => {
    const error = await loadError(script(code));
    assert.match(error.message, /handler/);
  });
}

test('a CommonJS script is refused with a message', async () => {
  const error = await loadError(script('module.exports = { run() {} };', 'worker.cjs'));
  assert.match(error.message, /module/);
});

for (const [name, code] of Object.entries({
  null: 'throw null',
  undefined: 'throw undefined',
  'a string': "throw 'text'",
  'a rejection of a top-level await': "await Promise.reject(new Error('late'))",
  'an object without text': 'throw { toString: 1, valueOf: 1 }',
})) {
  test(`a script that throws ${name} while it loads`, async () => {
    await loadError(script(`${code}; export default () => 1;`));
  });
}

for (const [name, code] of Object.entries({
  'a top-level await that never settles': 'await new Promise(() => {}); export default () => 1;',
  'a top-level await that waits for a long timer':
    'await new Promise((r) => setTimeout(r, 1e8)); export default () => 1;',
  'a loop': 'for (;;); export default () => 1;',
  'a loop after an await': 'await null; for (;;); export default () => 1;',
})) {
  test(`${name} while it loads is ended after zombieThresholdMs`, async () => {
    const error = await loadError(script(code), { zombieThresholdMs: 200 });
    assert.doesNotMatch(error.message, /undefined/);
  });
}

test('timers of a module do not delay the start', async (t) => {
  const pool = await withPool(t, { workerScript: script('setTimeout(() => {}, 1e8); export default () => 1;') });
  assert.equal(await pool.submitTask({ type: 'x' }), 1);
});

test('an interval of a module goes on while tasks run', async (t) => {
  const pool = await withPool(t, {
    workerScript: script(`
      let ticks = 0;
      setInterval(() => { ticks++; }, 1);
      export default { wait: async () => { const from = ticks; while (ticks < from + 3) await new Promise((r) => setTimeout(r, 1)); return true; } };
    `),
  });
  assert.equal(await pool.submitTask({ type: 'wait' }), true);
  await pool.shutdown();
});

test('after a failed load, the next pool starts', async (t) => {
  await loadError(script('throw 1'));
  const pool = await withPool(t, { workerScript: script('export default () => 1') });
  assert.equal(await pool.submitTask({ type: 'x' }), 1);
});

test('a worker that fails to load at a later start emits worker-error, and the pool goes on', async (t) => {
  const at = folder(t, {
    'worker.mjs': "import { a } from './inner.mjs';\nexport default () => a;",
    'inner.mjs': 'export const a = 1;',
  });
  const pool = await withPool(t, { workerScript: path.join(at, 'worker.mjs'), poolSize: 1, maxWorkers: 2 });
  require('node:fs').writeFileSync(path.join(at, 'inner.mjs'), 'export const a = 1; throw new Error("broken since")');
  const said = nextEvent(pool, 'worker-error');
  const scaled = pool.scaleUp(1);
  const { error, workerId } = await said;
  assert.equal(error.code, 'ERR_MODULE_LOAD');
  assert.match(error.message, /broken since/);
  assert.equal(typeof workerId, 'number');
  await scaled;
  assert.equal(await pool.submitTask({ type: 'x' }), 1);
  assert.equal(pool.getHealth().status, 'degraded');
});

test('restartWorker of a worker that cannot start any more rejects', async (t) => {
  const at = folder(t, {
    'worker.mjs': "import { a } from './inner.mjs';\nexport default () => a;",
    'inner.mjs': 'export const a = 1;',
  });
  const pool = await withPool(t, { workerScript: path.join(at, 'worker.mjs'), restartCooldownMs: 1 });
  require('node:fs').writeFileSync(path.join(at, 'inner.mjs'), 'export const a = 1; throw new Error("broken since")');
  const down = nextEvent(pool, 'worker-down');
  const restarted = pool.restartWorker(0).then(
    () => 'resolved',
    () => 'rejected',
  );
  await down;
  await restarted;
  const error = await failure(pool.submitTask({ type: 'x' }), 'ERR_WORKER_LOST');
  assert.equal(error.attempts ?? 0, 0);
  assert.equal(pool.getHealth().status, 'critical');
});

describe('a script that takes all memory while it is loaded rejects, and the process goes on', () => {
  for (const [how, code, expected] of [
    ['near the limit', 'const all = []; for (;;) all.push({});', ['ERR_MODULE_LOAD', /takes more memory than/]],
    [
      'where V8 cannot throw',
      'new Array(2 ** 25).fill(1.5);',
      ['ERR_WORKER_LOST', /worker 0 was lost .*out-of-memory/],
    ],
  ]) {
    test(how, async () => {
      const { said } = ended(
        await runBody(`
          const code = ${JSON.stringify(code)} + 'export default { ok: () => 1 }';
          await start({ workerMemoryLimitMB: 32, workerScript: { code } }).catch((error) => say([error.code, error.message]));
          const pool = await start();
          say(await pool.submitTask({ type: 'javascript', code: 'return 7' }));
          await pool.shutdown();
        `),
      );
      assert.equal(said[0][0], expected[0]);
      assert.match(said[0][1], expected[1]);
      assert.equal(said[1], 7);
    });
  }
});
