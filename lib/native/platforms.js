'use strict';

/**
 * The platforms that there are packages for, by the name that the package, the addon's file and napi share.
 * tools/pack makes the packages' manifests of it.
 * @type {ReadonlyArray<{ name: string, os: string, cpu: string, libc?: string }>}
 */
const PLATFORMS = [
  { name: 'linux-x64-gnu', os: 'linux', cpu: 'x64', libc: 'glibc' },
  { name: 'linux-arm64-gnu', os: 'linux', cpu: 'arm64', libc: 'glibc' },
  { name: 'darwin-x64', os: 'darwin', cpu: 'x64' },
  { name: 'darwin-arm64', os: 'darwin', cpu: 'arm64' },
  { name: 'win32-x64-msvc', os: 'win32', cpu: 'x64' },
];

/**
 * The platform of a process, whatever its C library.
 * @param {{ platform: string, arch: string }} process
 */
const platformOf = ({ platform, arch }) => PLATFORMS.find(({ os, cpu }) => os === platform && cpu === arch);

/** The name of a platform's package. */
const packageOf = ({ name }) => `@isolane/${name}`;

/** The name of a platform's addon, in its package and at the root of a checkout. */
const fileOf = ({ name }) => `isolane.${name}.node`;

module.exports = { fileOf, packageOf, platformOf, PLATFORMS };
