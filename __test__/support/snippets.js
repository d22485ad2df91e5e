'use strict';

// The code of a Markdown file: each block of `js` runs by itself, in a process of its own.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { mkdirSync, symlinkSync } = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { folder } = require('./folder.js');

/** What a snippet prints stands behind its console.log as a comment. */
const promised = (code) => [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);

/** A snippet whose first line is the name of a file is that file, in one folder with the others of its document. */
const FILE = /^\/\/ ([\w-]+\.(?:mjs|ts))\n/;

/** @returns {Array<{ language: 'js' | 'ts', name?: string, code: string }>} */
function snippetsOf(markdown) {
  const blocks = [...markdown.matchAll(/```(js|ts)\n([\s\S]*?)```/g)];
  return blocks.map(([, language, code]) => ({ language, name: FILE.exec(code)?.[1], code }));
}

/** One that uses a pool and makes none has one. */
function complete(code) {
  if (code.includes('createWorkerPool(') || !/\bpool\./.test(code)) return code;
  return `
    import { createWorkerPool } from 'isolane';
    const pool = await createWorkerPool({ poolSize: 1 });
    ${code}
    await pool.shutdown();`;
}

/** A file that makes no pool is for another one: a worker script, say. */
const isPart = ({ name, code }) => name !== undefined && !code.includes('createWorkerPool(');

/**
 * A test for each snippet.
 * @param {string} markdown
 * @param {string} root - of the repository, where snippets run that are no file
 */
function testSnippets(markdown, root) {
  const snippets = snippetsOf(markdown);
  for (const [index, snippet] of snippets.entries()) {
    const { language, name, code } = snippet;
    if (isPart(snippet)) {
      test(`snippet ${index + 1} is a file that another one uses`, () => {
        assert.ok(snippets.some((other) => !isPart(other) && other.name !== undefined && other.code.includes(name)));
      });
      continue;
    }
    test(`snippet ${index + 1} runs and prints what it says`, (t) => {
      assert.equal(language, 'js', 'only a file that another one uses may be TypeScript');
      const run =
        name === undefined
          ? start(root, ['--input-type=module', '--eval', complete(code)])
          : start(project(t, root, snippets), [name]);
      assert.equal(run.status, 0, run.stderr);
      assert.equal(run.stderr, '');
      for (const line of promised(code)) assert.ok(run.stdout.split('\n').includes(line), `${line}\n${run.stdout}`);
    });
  }
}

/** @param {string} cwd @param {string[]} args */
function start(cwd, args) {
  return spawnSync(process.execPath, args, { cwd, encoding: 'utf8', timeout: 30_000 });
}

/** A folder with the files of a document, where isolane is installed. */
function project(t, root, snippets) {
  const files = snippets.filter(({ name }) => name !== undefined);
  const at = folder(t, Object.fromEntries(files.map(({ name, code }) => [name, code])));
  mkdirSync(path.join(at, 'node_modules'));
  symlinkSync(root, path.join(at, 'node_modules', 'isolane'), 'junction');
  return at;
}

module.exports = { snippetsOf, testSnippets };
