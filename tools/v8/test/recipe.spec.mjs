import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashOf, recipeOf } from '../recipe.mjs';
import { IDENTITY } from './fixture.mjs';

test('the hash is the same whenever the recipe is', async () => {
  assert.equal(hashOf(await recipeOf(IDENTITY)), hashOf(await recipeOf({ ...IDENTITY })));
});

for (const [part, value] of Object.entries({
  version: '1.2.4',
  checksum: 'def',
  target: 'aarch64-unknown-linux-gnu',
})) {
  test(`another ${part} is another recipe`, async () => {
    assert.notEqual(hashOf(await recipeOf({ ...IDENTITY, [part]: value })), hashOf(await recipeOf(IDENTITY)));
  });
}

test('the recipe holds the flags, the tools and the checksum of each file of the launcher', async () => {
  const recipe = await recipeOf(IDENTITY);
  assert.match(recipe.variables.CCC_OVERRIDE_OPTIONS, /V8_TLS_USED_IN_LIBRARY/);
  assert.match(recipe.variables.GN_ARGS, /symbol_level=0/);
  assert.equal(recipe.llvm, '19');
  assert.deepEqual(Object.keys(recipe.launcher), ['base.h', 'compiler.h', 'csa.h', 'launch.py']);
  for (const sum of Object.values(recipe.launcher)) assert.match(sum, /^[0-9a-f]{64}$/);
});
