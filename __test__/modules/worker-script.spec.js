'use strict';

const assert = require('node:assert/strict');
const { cpSync, mkdirSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { describe, test } = require('../support/test.js');
const { ended, ROOT, runNode } = require('../support/child.js');
const { folder } = require('../support/folder.js');
const { failure, script, withPool } = require('../support/pool.js');

const PACKAGE = {
  'node_modules/small/package.json':
    '{ "name": "small", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/small/index.js':
    "export const twice = (n) => n * 2;\nexport function fails() {\n  throw new RangeError('from the package');\n}\n",
  'node_modules/old/package.json': '{ "name": "old", "version": "1.0.0", "main": "./main.js" }',
  'node_modules/old/main.js': 'exports.thrice = (n) => n * 3;',
};

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

  test('a path in a folder with blanks, #, %, ? and letters of other scripts', async (t) => {
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

  test('a JavaScript file with any ending', async (t) => {
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

  test('with imports that leave the ending away', async (t) => {
    const at = folder(t, {
      'worker.ts': "import { a } from './a'; export default (): number => a;",
      'a.ts': 'export const a: number = 1;',
    });
    const pool = await withPool(t, { workerScript: path.join(at, 'worker.ts') });
    assert.equal(await pool.submitTask({ type: 'x' }), 1);
  });

  test('an error has line and column of the TypeScript', async (t) => {
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

describe('packages by their names', () => {
  for (const extension of ['mjs', 'ts']) {
    test(`are bundled into a script in .${extension}, and errors keep the places of the user's files`, async (t) => {
      const types = extension === 'ts' ? ': number' : '';
      const at = folder(t, {
        ...PACKAGE,
        [`worker.${extension}`]: `import { twice, fails } from 'small';
import old from 'old';
import { own } from './own.${extension}';
export default {
  count: (n${types}) => twice(old.thrice(n)),
  inPackage: () => fails(),
  own: (n${types}) => own(n),
};
export function here(n${types}) {

    throw new Error('here');
}
`,
        [`own.${extension}`]: `\nexport function own(n${types}) {\n  throw new Error('own');\n}\n`,
      });
      const url = (name) => pathToFileURL(path.join(at, name)).href;
      const pool = await withPool(t, { workerScript: path.join(at, `worker.${extension}`) });
      assert.equal(await pool.submitTask({ type: 'count', payload: 2 }), 12);
      for (const [type, place] of [
        ['here', `${url(`worker.${extension}`)}:11:11`],
        ['own', `${url(`own.${extension}`)}:3:9`],
        ['inPackage', `${url('node_modules/small/index.js')}:3:9`],
      ]) {
        const { cause } = await failure(pool.submitTask({ type }), 'ERR_TASK_FAILED');
        assert.ok(cause.stack.includes(place), `${place} in ${cause.stack}`);
        assert.doesNotMatch(cause.stack, /bundle/);
      }
    });
  }

  test('are bundled in a folder whose name has blanks and letters of other scripts too', async (t) => {
    const at = folder(
      t,
      { ...PACKAGE, 'worker.mjs': "import { fails } from 'small';\nexport default () => fails();\n" },
      'a b é#',
    );
    const pool = await withPool(t, { workerScript: path.join(at, 'worker.mjs') });
    const { cause } = await failure(pool.submitTask({ type: 'x' }), 'ERR_TASK_FAILED');
    assert.match(cause.stack, /node_modules\/small\/index\.js:3:9/);
    assert.doesNotMatch(cause.stack, /bundle/);
  });

  test("an error while a bundled script loads has its place in the user's file", async (t) => {
    const at = folder(t, {
      ...PACKAGE,
      'worker.mjs': "import { twice } from 'small';\n\nnull.x;\nexport default () => twice(1);\n",
    });
    const { createWorkerPool } = require('../..');
    const error = await failure(
      createWorkerPool({ poolSize: 1, workerScript: path.join(at, 'worker.mjs') }),
      'ERR_MODULE_LOAD',
    );
    assert.deepEqual([error.file, error.line], [pathToFileURL(path.join(at, 'worker.mjs')).href, 3], error.message);
  });

  test('say how to install esbuild where it is not', async (t) => {
    const at = folder(t, { ...PACKAGE, 'worker.mjs': "import { twice } from 'small'; export default () => twice(1);" });
    const installed = path.join(at, 'node_modules', 'isolane');
    mkdirSync(installed, { recursive: true });
    const { dependencies, files } = require('../../package.json');
    for (const name of ['package.json', ...files.filter((file) => !file.includes('*'))]) {
      cpSync(path.join(ROOT, name), path.join(installed, name), { recursive: true });
    }
    for (const name of Object.keys(dependencies)) {
      cpSync(path.join(ROOT, 'node_modules', name), path.join(at, 'node_modules', name), { recursive: true });
    }
    const [addon] = require('node:fs')
      .readdirSync(ROOT)
      .filter((name) => name.endsWith('.node'));
    const child = ended(
      await runNode(
        [
          '-e',
          `
      require('isolane').createWorkerPool({ poolSize: 1, workerScript: 'worker.mjs' }).catch((error) => console.log(error.code, error.message));
    `,
        ],
        { cwd: at, env: { NAPI_RS_NATIVE_LIBRARY_PATH: path.join(ROOT, addon) } },
      ),
    );
    assert.match(child.stdout, /^ERR_MODULE_LOAD .*npm install esbuild/);
    assert.match(child.stdout, /small/);
  });
});
