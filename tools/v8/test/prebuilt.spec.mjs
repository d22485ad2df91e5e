import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { cacheFolder } from '../cache.mjs';
import { Lock } from '../lock.mjs';
import { obtainV8 } from '../obtain.mjs';
import { cached, compiling, exists, options, prebuilt, sha256, UNPACKED, write } from './fixture.mjs';

/** Options with a prebuilt library in place. */
async function machine(t, change) {
  const given = await options(t);
  await prebuilt(given.prebuilt, 'the library', change);
  return given;
}

test('the prebuilt library is unpacked into the cache, without a word', async (t) => {
  const given = await machine(t);
  const { RUSTY_V8_ARCHIVE: path } = await obtainV8(given);
  assert.equal(path, join(await cached(given.env), UNPACKED));
  assert.equal(await readFile(path, 'utf8'), 'the library');
  assert.deepEqual(given.said, []);
});

test('a library that was unpacked before is taken as it is', async (t) => {
  const given = await machine(t);
  const first = await obtainV8(given);
  await rm(join(given.prebuilt, `${UNPACKED}.br`));
  assert.deepEqual(await obtainV8(given), first);
});

test('an unpacked library that was damaged since is told and made again', async (t) => {
  const given = await machine(t);
  const { RUSTY_V8_ARCHIVE: path } = await obtainV8(given);
  await write(path, 'the lib');
  await obtainV8(given);
  assert.equal(await readFile(path, 'utf8'), 'the library');
  assert.match(given.said[0], /^warning: checksum of .* does not match: .*; it is made again$/);
});

test('a prebuilt library that was replaced by another of the same recipe is unpacked again', async (t) => {
  const given = await machine(t);
  await obtainV8(given);
  await prebuilt(given.prebuilt, 'a newer library');
  const { RUSTY_V8_ARCHIVE: path } = await obtainV8(given);
  assert.equal(await readFile(path, 'utf8'), 'a newer library');
});

test('a packed file with another checksum is an error that names it and both sums', async (t) => {
  const given = await machine(t, (_, packed) => packed.subarray(0, packed.length - 3));
  await assert.rejects(obtainV8(given), (error) => {
    assert.equal(error.name, 'Damaged');
    assert.ok(error.message.includes(join(given.prebuilt, `${UNPACKED}.br`)));
    assert.match(error.message, /expected [0-9a-f]{64}, found [0-9a-f]{64}$/);
    return true;
  });
});

test('a file that unpacks to something else than its record says is an error, and is not kept', async (t) => {
  const given = await machine(t, (record) => {
    const other = brotliCompressSync('another library');
    record.packed.sha256 = sha256(other);
    return other;
  });
  await assert.rejects(obtainV8(given), (error) => {
    assert.equal(error.name, 'Damaged');
    assert.match(error.message, /\.a\.br, unpacked, does not match/);
    assert.ok(error.message.includes(sha256('another library')));
    return true;
  });
  assert.equal(exists(join(await cached(given.env), UNPACKED)), false);
});

test('a record without its packed file is an error', async (t) => {
  const given = await machine(t);
  await rm(join(given.prebuilt, `${UNPACKED}.br`));
  await assert.rejects(obtainV8(given), { name: 'Unavailable', message: /\.a\.br is missing/ });
});

test('a prebuilt library of another recipe is told and not used', async (t) => {
  const given = await machine(t, (record) => {
    record.recipeHash = sha256('the recipe before');
  });
  given.compile = compiling('compiled');
  const { RUSTY_V8_ARCHIVE: path } = await obtainV8(given);
  assert.match(path, /\.a\.gz$/);
  assert.match(given.said[0], /^warning: .*\.a\.br was made with another recipe/);
});

test('a target without a prebuilt library is compiled', async (t) => {
  const given = await machine(t);
  given.identity = { ...given.identity, target: 'aarch64-unknown-linux-gnu' };
  given.compile = compiling('compiled');
  const { RUSTY_V8_ARCHIVE: path } = await obtainV8(given);
  assert.match(path, /aarch64-unknown-linux-gnu\.a\.gz$/);
});

test('a cache that cannot be written is an error that says where else it may lie', async (t) => {
  const given = await machine(t);
  await write(given.env.XDG_CACHE_HOME, 'a file where the folder would be');
  await assert.rejects(obtainV8(given), {
    name: 'Unavailable',
    message: /^the cache .*\/isolane\/v8 cannot be written: .*; XDG_CACHE_HOME names another place/,
  });
});

test('two runs at once unpack once, and both have the library', async (t) => {
  const given = await machine(t);
  const said = new EventEmitter();
  const lock = await Lock.acquire(
    await write(join(cacheFolder(given.env), `unpack-1.2.3-${given.identity.target}.lock`)),
  );
  const runs = [1, 2].map(() => obtainV8({ ...given, say: (line) => said.emit('line', line) }));
  const [line] = await once(said, 'line');
  assert.match(line, /being unpacked by process \d+; waiting/);
  await lock.release();
  const [first, second] = await Promise.all(runs);
  assert.deepEqual(first, second);
  assert.equal(await readFile(first.RUSTY_V8_ARCHIVE, 'utf8'), 'the library');
  assert.deepEqual(await readdir(await cached(given.env)), [UNPACKED]);
});

test('an unpacking does not wait for a compile', async (t) => {
  const given = await machine(t);
  await Lock.acquire(await write(join(cacheFolder(given.env), `build-1.2.3-${given.identity.target}.lock`)));
  await obtainV8(given);
  assert.deepEqual(given.said, []);
});
