import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { archiveName, identify } from '../identity.mjs';
import { folder, program, write } from './fixture.mjs';

const LOCK =
  '[[package]]\nname = "v8_valueserializer"\nversion = "9.9.9"\n\n[[package]]\nname = "v8"\nversion = "1.2.3"\nchecksum = "abc"\n';

async function checkout(t, lock) {
  const root = await folder(t);
  if (lock) await write(join(root, 'Cargo.lock'), lock);
  await program(join(root, 'bin/rustc'), 'echo "rustc 1.0"; echo "host: some-target"');
  return [root, { PATH: join(root, 'bin') }];
}

test('the version is that of the package v8 in Cargo.lock, the target is that of rustc', async (t) => {
  const identity = await identify(...(await checkout(t, LOCK)));
  assert.deepEqual(identity, { version: '1.2.3', checksum: 'abc', target: 'some-target' });
  assert.equal(archiveName(identity), 'librusty_v8-1.2.3-some-target.a.gz');
});

test('a Cargo.lock with Windows line ends is read', async (t) => {
  const { version, checksum } = await identify(...(await checkout(t, LOCK.replaceAll('\n', '\r\n'))));
  assert.deepEqual([version, checksum], ['1.2.3', 'abc']);
});

test('a Cargo.lock without v8 is named', async (t) => {
  const [root, env] = await checkout(t, '[[package]]\nname = "v8_valueserializer"\nversion = "9.9.9"\n');
  await assert.rejects(identify(root, env), {
    name: 'Unavailable',
    message: `${join(root, 'Cargo.lock')} holds no package "v8"`,
  });
});

test('the checksum is that of the package v8, not of the one after it', async (t) => {
  const lock = '[[package]]\nname = "v8"\nversion = "1.2.3"\n\n[[package]]\nname = "w"\nchecksum = "def"\n';
  const { checksum } = await identify(...(await checkout(t, lock)));
  assert.equal(checksum, undefined);
});

test('a missing Cargo.lock is named', async (t) => {
  await assert.rejects(identify(...(await checkout(t))), { name: 'Unavailable', message: /cannot read .*Cargo\.lock/ });
});

test('without rustc the message names rustup', async (t) => {
  const [root] = await checkout(t, LOCK);
  await assert.rejects(identify(root, { PATH: join(root, 'empty') }), {
    name: 'Unavailable',
    message: /rustc is not on PATH; .*rustup/,
  });
});
