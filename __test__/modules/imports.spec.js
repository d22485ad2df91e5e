'use strict';

// The option `permissions.imports`: the names of modules, and how they are read and bundled.

const assert = require('node:assert/strict');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { describe, test } = require('../support/test.js');
const { Permissions, permissions } = require('../../lib/options/permissions.js');
const { folder } = require('../support/folder.js');
const { failure } = require('../support/pool.js');

describe('the name of a module', () => {
  const name = (text) => () => permissions('permissions', { imports: { [text]: { code: '' } } });
  for (const text of [
    'tools',
    '@scope/tools',
    'tools/sub.js',
    'app:tools',
    'app:a/b',
    'app://tools/a',
    'lodash-es',
    '_',
  ]) {
    test(`may be ${text}`, () => assert.deepEqual(Object.keys(name(text)().imports), [text]));
  }
  const others = [
    '',
    ' ',
    './tools',
    '../../tools',
    '/tools',
    '.',
    'C:/tools',
    'a b',
    "a'b",
    'a\\b',
    'a\nb',
    '#a',
    'a?b',
  ];
  const urls = ['file:///a', 'http://a', 'HTTPS://a', 'node:fs', 'data:text/javascript,1', 'blob:a', 'ext:core/ops'];
  for (const text of [...others, ...urls]) {
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(name(text), { code: 'ERR_INVALID_ARG', field: 'permissions.imports', value: text });
    });
  }
});

describe('a module that tasks may import', () => {
  const modules = (imports) => new Permissions(permissions('permissions', { imports })).imports();
  const files = {
    'tools.ts': 'export const add = (a: number, b: number): number => a + b;\n',
    'uses.mjs':
      "import { three } from 'three';\nimport { add } from 'app:tools';\nexport default () => add(three, 1);\n",
    'broken.mjs': "import { gone } from './gone.mjs';\n",
    'syntax.mjs': "import './tools.ts';\nexport const = 1;\n",
    'node_modules/three/package.json': '{ "name": "three", "version": "1.0.0", "type": "module", "exports": "./a.js" }',
    'node_modules/three/a.js': 'export const three = 3;',
  };

  test('is read from a path, a URL and code', async (t) => {
    const file = path.join(folder(t, files), 'tools.ts');
    for (const source of [
      file,
      path.relative(process.cwd(), file),
      pathToFileURL(file),
      pathToFileURL(file).href,
      { code: files['tools.ts'], filename: file },
    ]) {
      const [tools] = await modules({ 'app:tools': source });
      assert.deepEqual(tools, { name: 'app:tools', filename: file, code: files['tools.ts'] });
    }
  });

  test('of code alone has a filename made from its name', async () => {
    const [{ filename }] = await modules({ 'app:tools': { code: 'export {}' } });
    assert.equal(filename, path.resolve('app-tools.mjs'));
  });

  test('is bundled with its packages, but not with other listed modules', async (t) => {
    const root = folder(t, files);
    const [uses, tools] = await modules({
      uses: path.join(root, 'uses.mjs'),
      'app:tools': path.join(root, 'tools.ts'),
    });
    assert.deepEqual([uses.name, tools.name, tools.code], ['uses', 'app:tools', files['tools.ts']]);
    assert.match(uses.code, /three = 3/);
    assert.match(uses.code, /from ?["']app:tools["']/);
    assert.doesNotMatch(uses.code, /from ?["']three["']/);
    const line = uses.code.split('\n').findIndex((text) => text.includes('add(')) + 1;
    assert.equal(uses.map.findEntry(line - 1, 0).originalLine, 2);
  });

  test('that imports only listed modules is not bundled', async () => {
    const code = "export * from 'b'; export const later = () => import('b');";
    const [a] = await modules({ a: { code }, b: { code: 'export const c = 1' } });
    assert.deepEqual([a.code, a.map], [code, undefined]);
  });

  test('that cannot be read or bundled rejects with its name and position', async (t) => {
    const root = folder(t, files);
    for (const [file, message, place] of [
      ['none.mjs', /^cannot read permissions\.imports\["app:a"\] .*none\.mjs: there is no such file$/, {}],
      ['broken.mjs', /gone\.mjs/, { line: 1, column: 22 }],
      ['syntax.mjs', /Expected/, { line: 2, column: 14 }],
    ]) {
      const error = await failure(modules({ 'app:a': path.join(root, file) }), 'ERR_MODULE_LOAD');
      assert.match(error.message, message);
      assert.deepEqual(
        [error.file, error.line, error.column],
        [pathToFileURL(path.join(root, file)).href, place.line, place.column],
      );
    }
  });

  test('of Node is not bundled', async () => {
    const error = await failure(modules({ a: { code: "import 'node:fs'" } }), 'ERR_MODULE_LOAD');
    assert.match(error.message, /node:fs/);
  });
});
