import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { obtainV8 } from '../obtain.mjs';
import { options, write } from './fixture.mjs';

test('a RUSTY_V8_ARCHIVE that is not there is refused by name and value', async (t) => {
  const given = await options(t, { env: { RUSTY_V8_ARCHIVE: 'gone/v8.a' } });
  await assert.rejects(obtainV8(given), { name: 'Unavailable', message: /RUSTY_V8_ARCHIVE .*: gone\/v8\.a$/ });
});

test('a RUSTY_V8_ARCHIVE that is a folder is refused', async (t) => {
  const given = await options(t);
  given.env.RUSTY_V8_ARCHIVE = given.root;
  await assert.rejects(obtainV8(given), { name: 'Unavailable', message: /RUSTY_V8_ARCHIVE is not a file/ });
});

test('a relative RUSTY_V8_ARCHIVE is made absolute, for cargo looks for it from elsewhere', async (t) => {
  const given = await options(t, { env: { RUSTY_V8_ARCHIVE: 'here/v8.a' } });
  const path = await write(join(given.cwd, 'here/v8.a'));
  assert.deepEqual(await obtainV8(given), { RUSTY_V8_ARCHIVE: path });
});

test('an empty RUSTY_V8_ARCHIVE counts as none', async (t) => {
  const given = await options(t, { env: { RUSTY_V8_ARCHIVE: '' } });
  given.identity = { version: '1.2.3', target: 'aarch64-apple-darwin' };
  assert.deepEqual(await obtainV8(given), {});
});
