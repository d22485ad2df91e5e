import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { cacheFolder, obtainV8 } from '../obtain.mjs';
import { compiling, NAME, options, store, write } from './fixture.mjs';

test('RUSTY_V8_ARCHIVE comes before the mirror', async (t) => {
  const given = await options(t);
  given.env.RUSTY_V8_ARCHIVE = await write(join(given.root, 'mine.a'), 'mine');
  given.env.ISOLANE_V8_MIRROR = await store(join(given.root, 'mirror'), 'mirrored');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(given.root, 'mine.a') });
});

test('the mirror comes before the cache', async (t) => {
  const given = await options(t);
  given.env.ISOLANE_V8_MIRROR = await store(join(given.root, 'mirror'), 'mirrored');
  await store(cacheFolder(given.env), 'cached');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(given.root, 'mirror', NAME) });
});

test('the cache comes before a compile', async (t) => {
  const given = await options(t);
  await store(cacheFolder(given.env), 'cached');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(cacheFolder(given.env), NAME) });
});

test('a compile fills the cache, packed', async (t) => {
  const given = await options(t, { compile: compiling('compiled') });
  const { RUSTY_V8_ARCHIVE: path } = await obtainV8(given);
  assert.equal(path, join(cacheFolder(given.env), NAME));
  assert.equal(gunzipSync(await readFile(path)).toString(), 'compiled');
  const again = await options(t, { env: given.env });
  assert.deepEqual(await obtainV8(again), { RUSTY_V8_ARCHIVE: path });
});
