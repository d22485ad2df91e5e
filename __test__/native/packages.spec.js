'use strict';

// What is published, before it is packed.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { PLATFORMS } = require('../../lib/native/platforms.js');
const manifest = require('../../package.json');
const { test } = require('../support/test.js');

const ROOT = path.join(__dirname, '..', '..');
const made = import('../../tools/pack/manifest.mjs');

test('isolane depends on exactly its version of each platform, optionally', async () => {
  const { mainManifest } = await made;
  const { optionalDependencies, devDependencies, scripts } = mainManifest();
  const names = PLATFORMS.map(({ name }) => `@isolane/${name}`);
  assert.deepEqual(optionalDependencies, Object.fromEntries(names.map((name) => [name, manifest.version])));
  assert.deepEqual([devDependencies, scripts], [undefined, undefined]);
});

test('a package of a platform is for that platform alone, and runs no script', async () => {
  const { platformManifest } = await made;
  const manifests = PLATFORMS.map(platformManifest);
  assert.deepEqual(
    manifests.map(({ name, os, cpu, libc }) => [name, os, cpu, libc]),
    [
      ['@isolane/linux-x64-gnu', ['linux'], ['x64'], ['glibc']],
      ['@isolane/linux-arm64-gnu', ['linux'], ['arm64'], ['glibc']],
      ['@isolane/darwin-x64', ['darwin'], ['x64'], undefined],
      ['@isolane/darwin-arm64', ['darwin'], ['arm64'], undefined],
      ['@isolane/win32-x64-msvc', ['win32'], ['x64'], undefined],
    ],
  );
  for (const { version, license, engines, main, files, scripts } of manifests) {
    assert.deepEqual([version, license, engines], [manifest.version, manifest.license, manifest.engines]);
    assert.deepEqual(files, [main, main.replace('.node', '.snapshot'), 'THIRD-PARTY-LICENSES']);
    assert.equal(scripts, undefined);
  }
});

test('there is a package for each target that is built, and one version for npm and cargo', () => {
  const targets = [
    'x86_64-unknown-linux-gnu',
    'aarch64-unknown-linux-gnu',
    'x86_64-apple-darwin',
    'aarch64-apple-darwin',
    'x86_64-pc-windows-msvc',
  ];
  assert.deepEqual(manifest.napi.targets, targets);
  assert.equal(PLATFORMS.length, targets.length);
  assert.match(
    readFileSync(path.join(ROOT, 'Cargo.toml'), 'utf8'),
    new RegExp(`^version = "${manifest.version}"$`, 'm'),
  );
});

test('the lock file names no registry, and has what other platforms need', () => {
  const { packages } = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8'));
  for (const [name, { resolved }] of Object.entries(packages)) assert.equal(resolved, undefined, name);
  for (const [name, { optionalDependencies = {} }] of Object.entries(packages)) {
    for (const dependency of Object.keys(optionalDependencies)) {
      const places = [`${name}/node_modules/${dependency}`, `node_modules/${dependency}`];
      assert.ok(
        places.some((place) => place in packages),
        `${dependency} of ${name}`,
      );
    }
  }
});
