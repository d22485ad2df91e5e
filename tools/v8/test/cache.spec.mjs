import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { cacheFolder } from '../cache.mjs';
import { obtainV8 } from '../obtain.mjs';
import { Store } from '../store.mjs';
import { cached, compiling, exists, folder, NAME, options, sha256, store, write } from './fixture.mjs';

test('a damaged archive in the cache is told and made again', async (t) => {
  const given = await options(t, { compile: compiling('whole') });
  await store(await cached(given.env), 'torn', `${sha256('other')}  ${NAME}\n`);
  const { RUSTY_V8_ARCHIVE: path } = await obtainV8(given);
  assert.equal(gunzipSync(await readFile(path)).toString(), 'whole');
  assert.match(given.said[0], /^warning: checksum of .* does not match/);
});

test('a library of another recipe in the cache is not given out', async (t) => {
  const given = await options(t, { compile: compiling('compiled') });
  await store(cacheFolder(given.env), 'from before recipes had hashes');
  await store(await cached(given.env, { ...given.identity, checksum: 'def' }), 'of another recipe');
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: join(await cached(given.env), NAME) });
  assert.match(given.said.at(-1), /compiling from source/);
});

test('a write that fails leaves nothing to be found', async (t) => {
  const cache = new Store(await folder(t));
  const failing = async (path) => {
    await write(path, 'half');
    throw new Error('disk full');
  };
  await assert.rejects(cache.put(NAME, failing), { message: 'disk full' });
  assert.equal(await cache.find(NAME), undefined);
});

test('a process killed while it writes leaves nothing to be found, and the next write succeeds', async (t) => {
  const path = await folder(t);
  const script = `
    import { writeFileSync } from 'node:fs';
    import { Store } from '${new URL('../store.mjs', import.meta.url)}';
    await new Store(process.argv[1]).put('${NAME}', async (partial) => {
      writeFileSync(partial, 'half');
      process.stdout.write('writing');
      await new Promise(() => setInterval(() => {}, 1000));
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'close');

  assert.deepEqual(await readdir(path), [`${NAME}.partial`]);
  const cache = new Store(path);
  assert.equal(await cache.find(NAME), undefined);
  await cache.put(NAME, (partial) => write(partial, 'whole'));
  assert.equal(await readFile(await cache.find(NAME), 'utf8'), 'whole');
});

test('an archive without its checksum is not given out', async (t) => {
  const path = await folder(t);
  await write(join(path, NAME), 'unknown');
  await assert.rejects(new Store(path).find(NAME), { name: 'Damaged' });
});

test('a second archive keeps the checksum of the first', async (t) => {
  const cache = new Store(await folder(t));
  await cache.put('one.a.gz', (path) => write(path, 'one'));
  await cache.put('two.a.gz', (path) => write(path, 'two'));
  assert.equal(await readFile(await cache.find('one.a.gz'), 'utf8'), 'one');
  assert.equal(await readFile(await cache.find('two.a.gz'), 'utf8'), 'two');
});

test('the build folder is gone once the archive is kept, and stays after a failure', async (t) => {
  const given = await options(t);
  const build = join(cacheFolder(given.env), 'build-1.2.3-x86_64-unknown-linux-gnu');
  given.compile = async ({ folder: path }) => {
    await write(join(path, 'target/object.o'));
    throw new Error('no memory');
  };
  await assert.rejects(obtainV8(given), { message: 'no memory' });
  assert.ok(exists(join(build, 'target/object.o')));
  await obtainV8({ ...given, compile: compiling('compiled') });
  assert.equal(exists(build), false);
});

test('the cache lies where the system keeps caches', () => {
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/c' }), '/c/isolane/v8');
  assert.match(cacheFolder({}, 'linux'), /\/\.cache\/isolane\/v8$/);
  assert.match(cacheFolder({}, 'darwin'), /\/Library\/Caches\/isolane\/v8$/);
});
