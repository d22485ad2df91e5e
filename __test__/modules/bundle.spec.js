'use strict';

// Worker scripts that import packages by bare specifiers are bundled with esbuild.

const assert = require('node:assert/strict');
const { cpSync, mkdirSync } = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { describe, test } = require('../support/test.js');
const { ended, ROOT, runNode } = require('../support/child.js');
const { folder } = require('../support/folder.js');
const { failure, withPool } = require('../support/pool.js');

const PACKAGE = {
  'node_modules/small/package.json':
    '{ "name": "small", "version": "1.0.0", "type": "module", "exports": "./index.js" }',
  'node_modules/small/index.js':
    "export const twice = (n) => n * 2;\nexport function fails() {\n  throw new RangeError('from the package');\n}\n",
  'node_modules/old/package.json': '{ "name": "old", "version": "1.0.0", "main": "./main.js" }',
  'node_modules/old/main.js': 'exports.thrice = (n) => n * 3;',
};

describe('imports of packages by bare specifiers', () => {
  for (const extension of ['mjs', 'ts']) {
    test(`are bundled into a script in .${extension}, and errors have the positions in the user's files`, async (t) => {
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

  test('are bundled in a folder whose name has blanks and non-Latin letters', async (t) => {
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

  test("an error while a bundled script loads has its position in the user's file", async (t) => {
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

  test('say how to install esbuild when it is missing', async (t) => {
    const at = folder(t, { ...PACKAGE, 'worker.mjs': "import { twice } from 'small'; export default () => twice(1);" });
    const installed = path.join(at, 'node_modules', 'isolane');
    mkdirSync(installed, { recursive: true });
    const { dependencies, files } = require('../../package.json');
    for (const name of ['package.json', ...files.filter((file) => !/[*!]/.test(file))]) {
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
        { cwd: at, env: { ISOLANE_NATIVE: path.join(ROOT, addon) } },
      ),
    );
    assert.match(child.stdout, /^ERR_MODULE_LOAD .*npm install esbuild/);
    assert.match(child.stdout, /small/);
  });
});
