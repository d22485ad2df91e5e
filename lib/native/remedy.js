'use strict';

const { engines } = require('../../package.json');
const {
  installedPlatforms,
  installerOf,
  isBundled,
  isCheckout,
  isLeftOutOfLock,
  isWithoutOptional,
} = require('./installation.js');
const { packageOf, platformOf } = require('./platforms.js');

/** As the linker of glibc says it. */
const MISSING_GLIBC = /version [`']GLIBC_([\d.]+)' not found/;

/**
 * Why the addon did not load, as far as that can be seen, and the one thing that helps.
 *
 * @param {import('./host.js').Host} host
 * @param {Array<{ path: string, error: Error }>} tried
 * @returns {{ reason: string, command?: string }} a clause, and what to type
 */
function remedyFor(host, tried) {
  for (const find of [ofSettings, ofNode, ofPlatform, ofBundle, ofLibc, ofCheckout, ofVersion, ofOtherPlatform]) {
    const remedy = find(host, tried);
    if (remedy !== undefined) return remedy;
  }
  const name = packageOf(platformOf(host));
  const isMissing = !installedPlatforms(host).some((platform) => packageOf(platform) === name);
  return isMissing ? ofMissing(host, name) : ofBroken(host, name);
}

function ofSettings({ env, platform }, tried) {
  if (tried.some(({ error }) => error.code === 'ERR_DLOPEN_DISABLED')) {
    return { reason: 'this process may not load addons', command: 'node --allow-addons …, without --no-addons' };
  }
  if (!env.ISOLANE_NATIVE) return undefined;
  return {
    reason: 'ISOLANE_NATIVE names the file to load, and it does not load; correct it, or use the installed package',
    command: platform === 'win32' ? 'Remove-Item Env:ISOLANE_NATIVE' : 'unset ISOLANE_NATIVE',
  };
}

function ofNode({ versions }) {
  const [needed] = /\d+\.\d+\.\d+/.exec(engines.node);
  if (!isOlder(versions.node, needed)) return undefined;
  return { reason: `isolane needs Node.js ${needed} or later` };
}

function ofPlatform(host) {
  if (platformOf(host) === undefined) {
    return { reason: `there is no package for ${host.platform} on ${host.arch}` };
  }
  if (host.libc()?.name !== 'musl') return undefined;
  return { reason: 'musl (Alpine Linux) is not supported; use an image with glibc', command: 'FROM node:lts-slim' };
}

function ofBundle(host) {
  if (!isBundled(host)) return undefined;
  return {
    reason: 'isolane was bundled, and its addon cannot be; keep it out of the bundle, and install it beside',
    command:
      '--external:isolane (esbuild), --external isolane (ncc), externals: { isolane: "commonjs isolane" } (webpack), ' +
      'serverExternalPackages: ["isolane"] (Next.js)',
  };
}

function ofLibc(host, tried) {
  const needed = tried.map(({ error }) => MISSING_GLIBC.exec(error.message)?.[1]).find(Boolean);
  if (needed === undefined) return undefined;
  const { version = 'unknown' } = host.libc() ?? {};
  return { reason: `glibc ${needed} or later is needed, and this system's is ${version}; use a newer system or image` };
}

function ofCheckout(host) {
  if (!isCheckout(host)) return undefined;
  return { reason: 'this is a checkout of the repository, and it has no build that loads', command: 'npm run build' };
}

function ofVersion(host, tried) {
  if (!tried.some(({ error }) => error.code === 'WRONG_VERSION')) return undefined;
  return { reason: 'isolane and its platform package are of different releases', command: afresh(host) };
}

function ofOtherPlatform(host) {
  const installed = installedPlatforms(host).map(({ name }) => name);
  if (installed.length === 0 || installed.includes(platformOf(host).name)) return undefined;
  return {
    reason: `node_modules was installed for ${installed.join(' and ')}: it was copied from there, or is made for there`,
    command: forThisPlatform(host),
  };
}

function ofMissing(host, name) {
  const { manager, project } = installerOf(host);
  switch (manager) {
    case 'npm':
      return isLeftOutOfLock(host, project, name)
        ? {
            reason: `npm before 11.3 left ${name} out of package-lock.json (its bug with optional dependencies)`,
            command: afresh(host),
          }
        : { reason: 'npm left optional dependencies out', command: 'npm install --include=optional' };
    case 'pnpm':
      if (isWithoutOptional(host, project)) {
        return { reason: 'pnpm left optional dependencies out (--no-optional)', command: 'pnpm install' };
      }
      break;
    case 'yarn classic':
      return { reason: 'yarn left optional dependencies out (--ignore-optional)', command: anew(host) };
    case undefined:
      return { reason: `${name} is not installed`, command: 'npm install --include=optional' };
  }
  return { reason: 'supportedArchitectures leaves this platform out', command: forThisPlatform(host) };
}

function ofBroken(host, name) {
  if (/\.zip[\\/]/.test(host.require.resolve(`${name}/package.json`))) {
    return { reason: 'an addon does not load out of an archive', command: `yarn unplug ${name}` };
  }
  return { reason: `${name} is damaged`, command: anew(host) };
}

/** What installs the packages of this platform, too. */
function forThisPlatform(host) {
  const { os, cpu, libc } = platformOf(host);
  switch (installerOf(host).manager) {
    case 'pnpm':
      return `pnpm install --os=${os} --cpu=${cpu}${libc ? ` --libc=${libc}` : ''}`;
    case 'yarn':
    case 'yarn pnp':
      return 'yarn config unset supportedArchitectures && yarn install';
    default:
      return anew(host);
  }
}

/** What installs anew what the lock file says; `install` alone takes a damaged package for a whole one. */
function anew(host) {
  switch (installerOf(host).manager) {
    case 'pnpm':
      return without(host, ['node_modules'], 'pnpm install');
    case 'yarn':
    case 'yarn classic':
      return without(host, ['node_modules'], 'yarn install');
    case 'yarn pnp':
      return without(host, ['.yarn/unplugged'], 'yarn install');
    default:
      return 'npm ci';
  }
}

/** What installs anew without npm's lock file, which may have what is wrong. */
function afresh(host) {
  const { manager = 'npm' } = installerOf(host);
  return manager === 'npm' ? without(host, ['node_modules', 'package-lock.json'], 'npm install') : anew(host);
}

/** A command line that deletes and then runs something: for PowerShell on Windows. */
function without({ platform }, names, command) {
  return platform === 'win32'
    ? `Remove-Item -Recurse ${names.join(', ')}; ${command}`
    : `rm -rf ${names.join(' ')} && ${command}`;
}

function isOlder(version, needed) {
  const [a, b] = [version, needed].map((text) => text.split('.').map((part) => Number.parseInt(part, 10)));
  const at = a.findIndex((part, i) => part !== b[i]);
  return at !== -1 && a[at] < b[at];
}

module.exports = { remedyFor };
