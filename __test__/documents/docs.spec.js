'use strict';

// What docs/ says is so, and the links between all documents lead somewhere.

const assert = require('node:assert/strict');
const { readdirSync, readFileSync } = require('node:fs');
const path = require('node:path');
const { describe, test } = require('node:test');
const { catalogue: escapes } = require('../escape/runner.js');
const { catalogue: hostile } = require('../hostile/runner.js');
const { choose: leaks } = require('../leak/runner.js');
const { folder } = require('../support/folder.js');
const { snippetsOf, testSnippets } = require('../support/snippets.js');

const ROOT = path.join(__dirname, '..', '..');
const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const pages = readdirSync(path.join(ROOT, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => `docs/${name}`);
const count = (pieces) => Object.values(pieces).flat().length;

for (const file of pages) {
  describe(file, () => testSnippets(read(file), ROOT));
}

test('docs have snippets', () => {
  assert.ok(pages.flatMap((file) => snippetsOf(read(file))).length >= 20);
});

describe('links', () => {
  const links = import('../../tools/lint/links.mjs');

  /** The documents that a document links to, relative to the root. */
  async function targets(file) {
    const { linksOf } = await links;
    return linksOf(read(file)).map((link) => path.posix.join(path.posix.dirname(file), link.split('#')[0]));
  }

  test('the documents of every folder are checked', async () => {
    const files = (await links).markdownFiles();
    const some = ['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'docs/README.md'];
    for (const file of [...some, 'examples/README.md', 'bench/README.md', 'tools/v8/README.md', 'fuzz/README.md']) {
      assert.ok(files.includes(file), `${file} is not`);
    }
    assert.deepEqual(
      files.filter((file) => /(^|\/)(node_modules|target)\//.test(file)),
      [],
    );
  });

  test('none leads nowhere', async () => {
    const { brokenLinks, linksOf, markdownFiles } = await links;
    assert.ok(markdownFiles().flatMap((file) => linksOf(read(file))).length > 100);
    assert.deepEqual(brokenLinks(), []);
  });

  test('those that lead nowhere are found', async (t) => {
    const root = folder(t, {
      'README.md': [
        '# One `two`, [three](docs/a.md)',
        '[good](docs/a.md#äb-c) [good](#one-two-three) [site](https://example.com) `[code](no.md)`',
        '```md\n[code](no.md)\n# Not a heading\n```',
        '[file](no.md) [anchor](docs/a.md#missing) [own](#not-a-heading) [out](../x.md) ![image](no.svg)',
        '[second](docs/a.md#äb-c-1) [third](docs/a.md#äb-c-2)',
        '[named]: docs/no.md',
        '<img src="gone.png">',
      ].join('\n\n'),
      'docs/a.md': '## ÄB: c\n\n## ÄB c\n',
      'node_modules/x/README.md': '[ignored](no.md)\n',
    });
    const { brokenLinks } = await links;
    assert.deepEqual(brokenLinks(root), [
      'README.md: no.md: there is no no.md',
      'README.md: docs/a.md#missing: docs/a.md has no heading #missing',
      'README.md: #not-a-heading: README.md has no heading #not-a-heading',
      'README.md: ../x.md: it leaves the repository',
      'README.md: no.svg: there is no no.svg',
      'README.md: docs/a.md#äb-c-2: docs/a.md has no heading #äb-c-2',
      'README.md: docs/no.md: there is no docs/no.md',
      'README.md: gone.png: there is no gone.png',
    ]);
  });

  test('docs/README.md lists every page', async () => {
    const listed = await targets('docs/README.md');
    assert.deepEqual(
      pages.filter((file) => file !== 'docs/README.md' && !listed.includes(file)),
      [],
    );
  });

  test('every page can be reached from README.md', async () => {
    const reached = new Set(['README.md']);
    for (const file of reached) {
      if (file.endsWith('.md')) for (const target of await targets(file)) reached.add(target);
    }
    assert.deepEqual(
      pages.filter((file) => !reached.has(file)),
      [],
    );
  });
});

test('docs/isolation.md promises no more pieces than there are', () => {
  const text = read('docs/isolation.md');
  const counts = { Escapes: count(escapes()), Leaks: leaks().length, 'Hostile code': count(hostile()) };
  for (const [kind, number] of Object.entries(counts)) {
    const [, promised] = new RegExp(`\\*\\*${kind}:\\*\\* more than (\\d+) `).exec(text) ?? [];
    assert.ok(number > Number(promised), `${kind}: there are ${number}`);
  }
});
