import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { obtainV8 } from '../obtain.mjs';
import { cached, compiling, NAME, options, prebuilt, store, UNPACKED, write } from './fixture.mjs';

test('RUSTY_V8_ARCHIVE comes before the mirror', async (t) => {
  const given = await options(t);
  given.env.RUSTY_V8_ARCHIVE = await write(join(given.root, 'mine.a'), 'mine');
  given.env.ISOLANE_V8_MIRROR = await store(join(given.root, 'mirror'), 'mirrored');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(given.root, 'mine.a') });
});

test('the mirror comes before the cache', async (t) => {
  const given = await options(t);
  given.env.ISOLANE_V8_MIRROR = await store(join(given.root, 'mirror'), 'mirrored');
  await store(await cached(given.env), 'cached');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(given.root, 'mirror', NAME) });
});

test('the cache comes before a compile', async (t) => {
  const given = await options(t);
  await store(await cached(given.env), 'cached');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(await cached(given.env), NAME) });
});

test('the cache comes before the prebuilt library', async (t) => {
  const given = await options(t);
  await prebuilt(given.prebuilt, 'prebuilt');
  await store(await cached(given.env), 'compiled here');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(await cached(given.env), NAME) });
});

test('the mirror comes before the prebuilt library', async (t) => {
  const given = await options(t);
  await prebuilt(given.prebuilt, 'prebuilt');
  given.env.ISOLANE_V8_MIRROR = await store(join(given.root, 'mirror'), 'mirrored');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(given.root, 'mirror', NAME) });
});

test('the prebuilt library comes before a compile', async (t) => {
  const given = await options(t);
  await prebuilt(given.prebuilt, 'prebuilt');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(await cached(given.env), UNPACKED) });
});

test('a compile fills the cache, packed', async (t) => {
  const given = await options(t, { compile: compiling('compiled') });
  const { RUSTY_V8_ARCHIVE: path } = await obtainV8(given);
  assert.equal(path, join(await cached(given.env), NAME));
  assert.equal(gunzipSync(await readFile(path)).toString(), 'compiled');
  const again = await options(t, { env: given.env });
  assert.deepEqual(await obtainV8(again), { RUSTY_V8_ARCHIVE: path });
});
