import assert from 'node:assert/strict';
import { test } from 'node:test';
import { obtainV8 } from '../obtain.mjs';
import { options } from './fixture.mjs';

for (const target of ['x86_64-apple-darwin', 'aarch64-apple-darwin', 'x86_64-pc-windows-msvc']) {
  test(`${target} links the published archive`, async (t) => {
    const given = await options(t, { identity: { version: '1.2.3', target } });
    assert.deepEqual(await obtainV8(given), {});
  });
}

test('a target without a recipe is refused by name', async (t) => {
  const given = await options(t, { identity: { version: '1.2.3', target: 'x86_64-unknown-linux-musl' } });
  await assert.rejects(obtainV8(given), { name: 'Unavailable', message: /x86_64-unknown-linux-musl/ });
});
