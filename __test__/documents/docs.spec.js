'use strict';

// What docs/ and the links of all documents say is so.

const assert = require('node:assert/strict');
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { catalogue: escapes } = require('../escape/runner.js');
const { catalogue: hostile } = require('../hostile/runner.js');
const { choose: leaks } = require('../leak/runner.js');
const { testSnippets } = require('../support/snippets.js');

const ROOT = path.join(__dirname, '..', '..');
const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const files = readdirSync(path.join(ROOT, 'docs')).map((name) => `docs/${name}`);
const documents = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', ...files];
const count = (pieces) => Object.values(pieces).flat().length;

/** As a heading is linked to. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-');

/** Why a link leads nowhere. */
function brokenness(from, link) {
  const [target, anchor] = link.split('#');
  const file = target === '' ? from : path.join(path.dirname(from), target);
  if (!existsSync(path.join(ROOT, file))) return `${from}: there is no ${file}`;
  if (anchor === undefined) return undefined;
  const anchors = [...read(file).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchorOf(heading));
  return anchors.includes(anchor) ? undefined : `${from}: ${file} has no heading #${anchor}`;
}

for (const file of files) describe(file, () => testSnippets(read(file), ROOT));

test('links between the documents lead somewhere', () => {
  const links = documents.flatMap((file) =>
    [...read(file).matchAll(/\]\(((?!\w+:)[^)\s]+)\)/g)].map(([, link]) => [file, link]),
  );
  assert.ok(links.length > 10);
  assert.deepEqual(links.map(([file, link]) => brokenness(file, link)).filter(Boolean), []);
});

test('docs/isolation.md promises no more pieces than there are', () => {
  const text = read('docs/isolation.md');
  const counts = { Escapes: count(escapes()), Leaks: leaks().length, 'Hostile code': count(hostile()) };
  for (const [kind, number] of Object.entries(counts)) {
    const [, promised] = new RegExp(`\\*\\*${kind}:\\*\\* more than (\\d+) `).exec(text) ?? [];
    assert.ok(number > Number(promised), `${kind}: there are ${number}`);
  }
});
