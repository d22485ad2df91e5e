'use strict';

// Every JavaScript snippet of the README runs, in its own process.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { snippetsOf, testSnippets } = require('../support/snippets.js');

const ROOT = path.join(__dirname, '..', '..');
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

const withPool = (code) => `
  import { createWorkerPool } from 'isolane';
  const pool = await createWorkerPool({ poolSize: 1 });
  ${code}
  await pool.shutdown();`;

describe('README', () => {
  test('has snippets', () => assert.ok(snippetsOf(readme).length >= 4));

  testSnippets(readme, ROOT, (code) => (code.includes('createWorkerPool(') ? code : withPool(code)));

  test('names every option, error code and event of the types', () => {
    const types = readFileSync(path.join(ROOT, 'index.d.ts'), 'utf8');
    const section = (name) => types.split(`interface ${name}`)[1].split('\n}')[0];
    const options = [...section('WorkerPoolOptions').matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
    const events = [...section('WorkerPoolEvents').matchAll(/^ {2}'?([\w-]+)'?: \[/gm)].map(([, name]) => name);
    const codes = [...types.matchAll(/\| '(ERR_\w+)'/g)].map(([, code]) => code);
    assert.ok(options.length > 20 && events.length > 10 && codes.length > 10);
    for (const name of [...options, ...events, ...codes])
      assert.ok(readme.includes(name), `${name} is not in the README`);
  });
});
