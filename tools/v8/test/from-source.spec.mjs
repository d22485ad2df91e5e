import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { obtainV8 } from '../obtain.mjs';
import { cached, compiling, exists, NAME, options, prebuilt, store, UNPACKED, write } from './fixture.mjs';

/** Everything that a compile would be spared by is there. */
async function machine(t) {
  const given = await options(t, { compile: compiling('compiled') });
  given.env.ISOLANE_V8_MIRROR = await store(join(given.root, 'mirror'), 'mirrored');
  await prebuilt(given.prebuilt, 'the library');
  await obtainV8({ ...given, env: { ...given.env, ISOLANE_V8_MIRROR: '' } });
  assert.ok(exists(join(await cached(given.env), UNPACKED)));
  given.env.ISOLANE_V8_FROM_SOURCE = '1';
  return given;
}

test('ISOLANE_V8_FROM_SOURCE=1 compiles, whatever else is there', async (t) => {
  const given = await machine(t);
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(await cached(given.env), NAME) });
  assert.match(given.said.at(-1), /compiling from source/);
});

test('it takes what an earlier compile of the same recipe has left', async (t) => {
  const given = await machine(t);
  const first = await obtainV8(given);
  given.compile = () => assert.fail('compiled twice');
  assert.deepEqual(await obtainV8(given), first);
});

test('without it, the prebuilt library comes before what was compiled, once unpacked', async (t) => {
  const given = await machine(t);
  await obtainV8(given);
  const { RUSTY_V8_ARCHIVE: path } = await obtainV8({
    ...given,
    env: { ...given.env, ISOLANE_V8_FROM_SOURCE: '0', ISOLANE_V8_MIRROR: '' },
  });
  assert.equal(path, join(await cached(given.env), UNPACKED));
});

test('RUSTY_V8_ARCHIVE comes before it', async (t) => {
  const given = await machine(t);
  given.env.RUSTY_V8_ARCHIVE = await write(join(given.root, 'mine.a'));
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(given.root, 'mine.a') });
});

test('where V8 cannot be compiled, it is an error and not the published archive', async (t) => {
  const given = await machine(t);
  given.identity = { ...given.identity, target: 'aarch64-apple-darwin' };
  await assert.rejects(obtainV8(given), {
    name: 'Unavailable',
    message: /cannot be compiled for aarch64-apple-darwin/,
  });
});
