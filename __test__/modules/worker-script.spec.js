'use strict';

// The ways to give a worker script, and what it may import.

const assert = require('node:assert/strict');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { describe, test } = require('../support/test.js');
const { folder } = require('../support/folder.js');
const { failure, script, withPool } = require('../support/pool.js');

describe('a worker script is given as', () => {
  const files = {
    'worker.mjs': "import { name } from './name.mjs'; export default () => name;",
    'name.mjs': "export const name = 'inner';",
  };
  for (const [how, give] of Object.entries({
    'an absolute path': (at) => path.join(at, 'worker.mjs'),
    'a path relative to the working folder': (at) => path.relative(process.cwd(), path.join(at, 'worker.mjs')),
    'a URL': (at) => pathToFileURL(path.join(at, 'worker.mjs')),
    'a file: string': (at) => pathToFileURL(path.join(at, 'worker.mjs')).href,
    'code with a filename, which relative imports go by': (at) => ({
      code: files['worker.mjs'],
      filename: path.join(at, 'other.mjs'),
    }),
    'code with a file: filename': (at) => ({
      code: files['worker.mjs'],
      filename: pathToFileURL(path.join(at, 'other.mjs')).href,
    }),
  })) {
    test(how, async (t) => {
      const pool = await withPool(t, { workerScript: give(folder(t, files)) });
      assert.equal(await pool.submitTask({ type: 'x' }), 'inner');
    });
  }

  test('code alone', async (t) => {
    const pool = await withPool(t, { workerScript: { code: 'export default () => 1' } });
    assert.equal(await pool.submitTask({ type: 'x' }), 1);
  });

  test('a path in a folder with blanks, #, %, ? and non-Latin letters', async (t) => {
    const at = folder(
      t,
      { ...files, 'fails.mjs': "\nexport default () => { throw new Error('no'); };" },
      'a b#c%20d?é漢',
    );
    const pool = await withPool(t, { workerScript: path.join(at, 'worker.mjs') });
    assert.equal(await pool.submitTask({ type: 'x' }), 'inner');
    const fails = await withPool(t, { workerScript: path.join(at, 'fails.mjs') });
    const { cause } = await failure(fails.submitTask({ type: 'x' }), 'ERR_TASK_FAILED');
    assert.ok(cause.stack.includes(`${pathToFileURL(path.join(at, 'fails.mjs')).href}:2:`), cause.stack);
  });

  test('a JavaScript file with any extension', async (t) => {
    for (const name of ['worker.js', 'worker.mjs', 'worker']) {
      const at = folder(t, { [name]: 'export default () => 1' });
      const pool = await withPool(t, { workerScript: path.join(at, name) });
      assert.equal(await pool.submitTask({ type: 'x' }), 1, name);
    }
  });

  test('a file with a byte order mark and a hashbang', async (t) => {
    for (const start of ['\ufeff', '#!/usr/bin/env node\n']) {
      const at = folder(t, { 'worker.mjs': `${start}export default () => 1` });
      const pool = await withPool(t, { workerScript: path.join(at, 'worker.mjs') });
      assert.equal(await pool.submitTask({ type: 'x' }), 1);
    }
  });
});

describe('TypeScript', () => {
  const files = {
    'worker.ts': `
import { scale, type Size } from './scale.ts';
import type { Nothing } from './gone.ts';
interface Payload { width: number }
enum Mode { Fast = 'fast' }
export default {
  resize(payload: Payload): Size { return scale(payload.width as number, Mode.Fast); },
  fail(payload: Payload): never {
    const unused: Nothing | undefined = undefined;
    throw new Error('line 10');
  },
} satisfies Record<string, (payload: Payload) => unknown>;
`,
    'scale.ts':
      'export interface Size { width: number; mode: string }\nexport const scale = (width: number, mode: string): Size => ({ width: width * 2, mode });\n',
  };
  test('with relative imports of TypeScript', async (t) => {
    const pool = await withPool(t, { workerScript: path.join(folder(t, files), 'worker.ts') });
    assert.deepEqual(await pool.submitTask({ type: 'resize', payload: { width: 4 } }), { width: 8, mode: 'fast' });
  });

  test('as code with a filename', async (t) => {
    const pool = await withPool(t, {
      workerScript: script('export default (n: number): number => n + 1', 'worker.ts'),
    });
    assert.equal(await pool.submitTask({ type: 'x', payload: 1 }), 2);
  });

  test('as .mts', async (t) => {
    const at = folder(t, {
      'worker.mts': "import { a } from './a.mts'; export default (): number => a;",
      'a.mts': 'export const a: number = 1;',
    });
    const pool = await withPool(t, { workerScript: path.join(at, 'worker.mts') });
    assert.equal(await pool.submitTask({ type: 'x' }), 1);
  });

  test('with imports without extension', async (t) => {
    const at = folder(t, {
      'worker.ts': "import { a } from './a'; export default (): number => a;",
      'a.ts': 'export const a: number = 1;',
    });
    const pool = await withPool(t, { workerScript: path.join(at, 'worker.ts') });
    assert.equal(await pool.submitTask({ type: 'x' }), 1);
  });

  test('an error has the line and column in the TypeScript source', async (t) => {
    const at = folder(t, files);
    const pool = await withPool(t, { workerScript: path.join(at, 'worker.ts') });
    const { cause } = await failure(pool.submitTask({ type: 'fail', payload: {} }), 'ERR_TASK_FAILED');
    assert.ok(cause.stack.includes(`${pathToFileURL(path.join(at, 'worker.ts')).href}:10:11`), cause.stack);
  });
});

test('an error of JavaScript has file, line and column, also from an imported file', async (t) => {
  const at = folder(t, {
    'worker.mjs': "import { inner } from './inner.mjs';\nexport default () => {\n  inner();\n};\n",
    'inner.mjs': "\n\nexport function inner() {\n    throw new Error('no');\n}\n",
  });
  const pool = await withPool(t, { workerScript: path.join(at, 'worker.mjs') });
  const { cause } = await failure(pool.submitTask({ type: 'x' }), 'ERR_TASK_FAILED');
  assert.ok(cause.stack.includes(`inner (${pathToFileURL(path.join(at, 'inner.mjs')).href}:4:11)`), cause.stack);
  assert.ok(cause.stack.includes(`${pathToFileURL(path.join(at, 'worker.mjs')).href}:3:3`), cause.stack);
});

test('JSON is imported with its attribute', async (t) => {
  const at = folder(t, {
    'worker.mjs': "import data from './data.json' with { type: 'json' }; export default () => data;",
    'data.json': '{ "a": [1] }',
  });
  const pool = await withPool(t, { workerScript: path.join(at, 'worker.mjs') });
  assert.deepEqual(await pool.submitTask({ type: 'x' }), { a: [1] });
});

test('a module imports dynamically, and import.meta.url is its own', async (t) => {
  const at = folder(t, {
    'worker.mjs': "export default async () => [(await import('./a.mjs')).a, import.meta.url];",
    'a.mjs': 'export const a = 1;',
  });
  const pool = await withPool(t, { workerScript: path.join(at, 'worker.mjs') });
  assert.deepEqual(await pool.submitTask({ type: 'x' }), [1, pathToFileURL(path.join(at, 'worker.mjs')).href]);
});

test('modules that import each other, and top-level await', async (t) => {
  const at = folder(t, {
    'worker.mjs': "import { b } from './b.mjs'; export const a = await Promise.resolve(1); export default () => b();",
    'b.mjs': "import { a } from './worker.mjs'; export const b = () => a + 1;",
  });
  const pool = await withPool(t, { workerScript: path.join(at, 'worker.mjs') });
  assert.equal(await pool.submitTask({ type: 'x' }), 2);
});
