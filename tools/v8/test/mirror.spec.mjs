import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { obtainV8 } from '../obtain.mjs';
import { cached, NAME, options, sha256, store } from './fixture.mjs';

const WRONG = '0'.repeat(64);

test('a wrong checksum names the file, what was expected and what was found', async (t) => {
  const given = await options(t, { env: { ISOLANE_V8_MIRROR: 'mirror' } });
  await store(join(given.root, 'mirror'), 'mirrored', `${WRONG}  ${NAME}\n`);
  await assert.rejects(obtainV8(given), (error) => {
    assert.equal(error.name, 'Damaged');
    for (const part of [join(given.root, 'mirror', NAME), WRONG, sha256('mirrored')]) {
      assert.ok(error.message.includes(part), `${part} in: ${error.message}`);
    }
    return true;
  });
});

test('an archive without a line in SHA256SUMS is refused', async (t) => {
  const given = await options(t, { env: { ISOLANE_V8_MIRROR: 'mirror' } });
  await store(join(given.root, 'mirror'), 'mirrored', `${sha256('mirrored')}  another.a.gz\n`);
  await assert.rejects(obtainV8(given), { name: 'Damaged', message: /SHA256SUMS, which has none/ });
});

test('a checksum in binary mode and capitals is read', async (t) => {
  const given = await options(t, { env: { ISOLANE_V8_MIRROR: 'mirror' } });
  await store(join(given.root, 'mirror'), 'mirrored', `${sha256('mirrored').toUpperCase()} *${NAME}\r\n`);
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(given.root, 'mirror', NAME) });
});

test('a mirror that is not there is told, and the cache is asked', async (t) => {
  const given = await options(t, { env: { ISOLANE_V8_MIRROR: 'gone' } });
  await store(await cached(given.env), 'cached');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(await cached(given.env), NAME) });
  assert.deepEqual(given.said, ['warning: ISOLANE_V8_MIRROR is not a folder: gone']);
});

test('a mirror without the file for this platform is told, and the cache is asked', async (t) => {
  const given = await options(t, { env: { ISOLANE_V8_MIRROR: 'mirror' } });
  await mkdir(join(given.root, 'mirror'));
  await store(await cached(given.env), 'cached');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(await cached(given.env), NAME) });
  assert.deepEqual(given.said, [`warning: ISOLANE_V8_MIRROR (${join(given.root, 'mirror')}) does not hold ${NAME}`]);
});

test('a relative mirror is found from the root when the working folder has none', async (t) => {
  const given = await options(t, { env: { ISOLANE_V8_MIRROR: '../mirror' } });
  given.cwd = join(given.root, 'checkout/bench/deep');
  given.root = join(given.root, 'checkout');
  const mirror = await store(join(given.root, '../mirror'), 'mirrored');
  await mkdir(given.cwd, { recursive: true });
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(mirror, NAME) });
});
