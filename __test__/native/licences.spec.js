'use strict';

const assert = require('node:assert/strict');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { test } = require('../support/test.js');

test('the licenses of all that is inside are there, each text once', async () => {
  const { licences } = await import('../../tools/pack/licences.mjs');
  const { linkedCrates } = await import('../../tools/pack/crates.mjs');
  const text = await licences();
  const parts = text.split(/^={80}$/m);
  const owners = parts.filter((_, i) => i % 2 === 1).map((part) => part.trim().split(', '));
  const texts = parts.filter((_, i) => i > 0 && i % 2 === 0);
  assert.equal(new Set(texts.map((part) => part.trim())).size, texts.length);
  const crates = await linkedCrates(path.join(__dirname, '..', '..'));
  const inside = ['V8', 'ICU', 'Abseil', 'undici', ...crates.map(({ name, version }) => `${name} ${version}`)];
  for (const name of inside) {
    const own = texts.filter((_, i) => owners[i].includes(name));
    assert.ok(
      own.some((part) => part.trim().length >= 400),
      name,
    );
  }
  const names = crates.map(({ name }) => name);
  for (const name of ['v8', 'deno_core', 'swc_common', 'rustyscript']) assert.ok(names.includes(name), name);
  for (const part of ['Copyright 2014, the V8 project authors', 'Apache License', 'UNICODE LICENSE V3']) {
    assert.ok(text.includes(part), part);
  }
});

test('a crate without a license text gets the standard one, or is refused', async (t) => {
  const { textsOf } = await import('../../tools/pack/crates.mjs');
  const folder = mkdtempSync(path.join(tmpdir(), 'isolane-crate-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const crate = { name: 'a', version: '1.0.0', license: 'Apache-2.0/MIT', authors: ['me'], folder };
  const standard = async (id) => `the text of ${id}`;
  assert.deepEqual(await textsOf(crate, standard), ['Copyright (c) me\n\nthe text of MIT']);
  assert.deepEqual(await textsOf({ ...crate, license: 'Apache-2.0' }, standard), ['the text of Apache-2.0']);
  await assert.rejects(textsOf({ ...crate, license: 'Secret' }, standard), /a 1\.0\.0 \(Secret\) has no license text/);
  writeFileSync(path.join(folder, 'LICENSE-MIT'), 'x'.repeat(400));
  assert.deepEqual(await textsOf(crate, standard), ['x'.repeat(400)]);
});
