/** The prebuilt libraries of this checkout are what their records say, and fit its recipe. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lockedPackage } from '../identity.mjs';
import { PREBUILT, Prebuilt } from '../prebuilt.mjs';
import { hashOf, recipeOf } from '../recipe.mjs';
import { folder } from './fixture.mjs';

const LOCK = fileURLToPath(new URL('../../../Cargo.lock', import.meta.url));
const AGAIN = 'the recipe was changed: run `node tools/v8/prebuild.mjs` and commit what it makes';

const names = (await readdir(PREBUILT)).filter((name) => name.endsWith('.json'));
const records = names.map((name) => /^librusty_v8-(?<version>[\d.]+)-(?<target>.+)\.a\.json$/.exec(name).groups);

test('there is one for x86_64 Linux', () => {
  assert.ok(records.some(({ target }) => target === 'x86_64-unknown-linux-gnu'));
});

for (const { version, target } of records) {
  test(`${target}: made by the present recipe, for the V8 that Cargo.lock pins`, async () => {
    const identity = { ...(await lockedPackage(LOCK)), target };
    assert.equal(version, identity.version);
    const { record } = await Prebuilt.find(identity);
    const recipe = await recipeOf(identity);
    assert.deepEqual(record.recipe, recipe, AGAIN);
    assert.equal(record.recipeHash, hashOf(recipe), AGAIN);
  });

  test(`${target}: packed and unpacked, it has the checksums of its record`, async (t) => {
    const prebuilt = await Prebuilt.find({ version, target });
    const path = join(await folder(t), 'v8.a');
    await prebuilt.unpack(path);
    assert.equal((await readFile(path)).length, prebuilt.record.unpacked.bytes);
  });
}
