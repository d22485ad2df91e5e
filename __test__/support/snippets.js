'use strict';

// The JavaScript of a Markdown file: each block runs by itself, in a process of its own.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { test } = require('node:test');

/** What a snippet prints stands behind its console.log as a comment. */
const promised = (code) => [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);

/** @returns {string[]} */
const snippetsOf = (markdown) => [...markdown.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);

/**
 * A test for each snippet.
 * @param {string} markdown
 * @param {string} root - where it runs
 * @param {(code: string) => string} complete - makes a module of it
 */
function testSnippets(markdown, root, complete = (code) => code) {
  for (const [index, code] of snippetsOf(markdown).entries()) {
    test(`snippet ${index + 1} runs and prints what it says`, () => {
      const run = spawnSync(process.execPath, ['--input-type=module', '--eval', complete(code)], {
        cwd: root,
        encoding: 'utf8',
        timeout: 30_000,
      });
      assert.equal(run.status, 0, run.stderr);
      assert.equal(run.stderr, '');
      for (const line of promised(code)) assert.ok(run.stdout.split('\n').includes(line), `${line}\n${run.stdout}`);
    });
  }
}

module.exports = { snippetsOf, testSnippets };
