'use strict';

// Every JavaScript snippet of the README runs, and nothing of the public types is left undocumented.

const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { snippetsOf, testSnippets } = require('../support/snippets.js');

const ROOT = path.join(__dirname, '..', '..');
const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const readme = read('README.md');
const types = read('index.d.ts');

describe('README', () => {
  test('has snippets', () => assert.ok(snippetsOf(readme).length >= 2));

  testSnippets(readme, ROOT);

  test('has the two commands for a fresh clone: one runs the demo, one runs the tests', () => {
    const commands = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text.trim());
    const first = commands.indexOf('npm ci && npm run demo');
    assert.deepEqual(commands.slice(first, first + 2), ['npm ci && npm run demo', 'npm test']);
  });
});

describe('README and docs', () => {
  const pages = readdirSync(path.join(ROOT, 'docs')).filter((name) => name.endsWith('.md'));
  const texts = [readme, ...pages.map((name) => read(`docs/${name}`))];
  const code = texts.flatMap((text) => text.match(/```[\s\S]*?```|`[^`\n]+`/g)).join('\n');
  const isNamed = (name) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(code);

  const bodyOf = (declaration) => types.split(`${declaration} `)[1].split('\n}')[0];
  const names = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name);
  const members = (declaration) => names(bodyOf(declaration), /^ {2}(?:readonly )?'?([\w-]+)'?\??[:(<]/gm);
  const union = (text) => names(text.split(';')[0], /\| '([\w-]+)'/g);

  const groups = {
    export: [names(types, /^export (?:function|const|class) (\w+)/gm), 9],
    option: [members('interface WorkerPoolOptions'), 25],
    'option of an option': [names(bodyOf('interface WorkerPoolOptions'), /^ {4,}(\w+)\?:/gm), 5],
    permission: [[...members('interface Permissions'), ...members('interface NetPermission')], 8],
    'task field': [['type', 'payload', 'code', 'inputs', 'config', ...members('interface TaskOptions')], 15],
    'field of ctx': [members('interface TaskContext'), 8],
    'field of a host function’s context': [members('interface HostContext'), 6],
    'pool method': [members('class WorkerPool extends EventEmitter<WorkerPoolEvents>'), 25],
    'error code': [names(types, /\| '(ERR_\w+)'/g), 14],
    'error property': [members('class IsolaneError extends Error'), 11],
    event: [members('interface WorkerPoolEvents'), 22],
    'exit reason': [union(types.split('type ExitReason =')[1]), 14],
    'health reason': [union(bodyOf('interface HealthAlert')), 7],
    metric: [names(bodyOf('interface PoolMetrics'), /^ +(\w+):/gm), 50],
    'field of a worker’s status': [members('interface WorkerStatus'), 8],
    'field of a dead letter': [members('interface DeadLetter'), 13],
  };
  for (const [kind, [found, least]] of Object.entries(groups)) {
    test(`name every ${kind} of the types`, () => {
      assert.ok(found.length >= least, `found ${found.length}: ${found}`);
      assert.deepEqual(
        found.filter((name) => !isNamed(name)),
        [],
      );
    });
  }
});
