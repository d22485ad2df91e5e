'use strict';

// Every JavaScript snippet of the README runs, in its own process.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');

const ROOT = path.join(__dirname, '..');
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const snippets = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);

/** What a snippet prints stands behind its console.log as a comment. */
const promised = (code) => [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);

const needsPool = (code) => !code.includes('createWorkerPool(');
const withPool = (code) => `
  import { createWorkerPool } from 'isolane';
  const pool = await createWorkerPool({ poolSize: 1 });
  ${code}
  await pool.shutdown();`;

describe('README', () => {
  test('has snippets', () => assert.ok(snippets.length >= 4, `${snippets.length} found`));

  for (const [index, code] of snippets.entries()) {
    test(`snippet ${index + 1} runs and prints what it says`, () => {
      const source = needsPool(code) ? withPool(code) : code;
      const run = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
        cwd: ROOT,
        encoding: 'utf8',
        timeout: 30_000,
      });
      assert.equal(run.status, 0, run.stderr);
      assert.equal(run.stderr, '');
      for (const line of promised(code)) assert.ok(run.stdout.split('\n').includes(line), `${line}\n${run.stdout}`);
    });
  }

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
