'use strict';

// The Web Platform Tests for URLs, which the crate `url` carries: the data is read from where Cargo keeps the
// version that Cargo.lock names.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { test } = require('../support/test.js');
const { withPool } = require('../support/pool.js');
const { PARSING, SETTING } = require('./url-failures.js');

const ROOT = path.join(__dirname, '..', '..');

function folder() {
  let text;
  try {
    const args = ['metadata', '--offline', '--locked', '--format-version', '1'];
    text = execFileSync('cargo', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26, stdio: 'pipe' });
  } catch {
    return undefined;
  }
  const { manifest_path } = JSON.parse(text).packages.find(({ name }) => name === 'url');
  return path.join(path.dirname(manifest_path), 'tests');
}

const tests = folder();
const skip = tests === undefined && 'the data comes with a crate, and Cargo does not have it here';
const read = (name) => JSON.parse(readFileSync(path.join(tests, name), 'utf8'));

const PARSE = `
  const PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'];
  const failures = [];
  for (const wanted of inputs) {
    const { input, failure } = wanted;
    const base = wanted.base ?? undefined;
    let url;
    try {
      url = new URL(input, base);
    } catch {}
    const right = failure
      ? url === undefined && !URL.canParse(input, base)
      : url !== undefined && PARTS.every((part) => wanted[part] === undefined || url[part] === wanted[part]);
    if (!right) failures.push(base === undefined ? input : input + ' against ' + base);
  }
  return failures;
`;

const SET = `
  const failures = [];
  for (const [name, cases] of Object.entries(inputs)) {
    for (const { href, new_value: value, expected } of cases) {
      const url = new URL(href);
      url[name] = value;
      if (Object.entries(expected).some(([part, text]) => url[part] !== text)) {
        failures.push(href + ' set ' + name + ' to ' + value);
      }
    }
  }
  return failures;
`;

const run = async (t, code, inputs) => (await withPool(t)).submitTask({ type: 'javascript', code, inputs });

test('URLs are parsed as the Web Platform Tests say, but for the known failures', { skip }, async (t) => {
  const cases = read('urltestdata.json').filter((entry) => typeof entry === 'object');
  assert.ok(cases.length > 800, `${cases.length} cases`);
  assert.deepEqual((await run(t, PARSE, cases)).sort(), [...PARSING].sort());
});

test('the setters of URLs do as the Web Platform Tests say, but for the known failures', { skip }, async (t) => {
  const { comment, ...cases } = read('setters_tests.json');
  assert.ok(Object.values(cases).flat().length > 250);
  assert.deepEqual((await run(t, SET, cases)).sort(), [...SETTING].sort());
});
