'use strict';

const path = require('node:path');
const { isCheckout } = require('./installation.js');
const { loadError } = require('./load-error.js');
const { fileOf, packageOf, platformOf } = require('./platforms.js');

/** The addon is of another release than isolane. */
class WrongVersion extends Error {
  code = 'WRONG_VERSION';
}

/**
 * Loads the addon from the first place that has it:
 *
 * 1. the file that `ISOLANE_NATIVE` names; nothing else is tried then
 * 2. in a checkout of the repository, what `npm run build` made; it comes before the package, which may be there as
 *    something else's dependency, because who builds means the build
 * 3. the package of this platform, of exactly isolane's version
 *
 * @param {import('./host.js').Host} host
 * @returns {{ binding: object, file: string }} the addon's exports, and where it lies
 * @throws {IsolaneError} `ERR_NATIVE_LOAD` with all that was tried, and what helps
 */
function load(host) {
  const tried = [];
  for (const place of places(host)) {
    try {
      return place.open();
    } catch (error) {
      tried.push({ path: place.path, error });
    }
  }
  throw loadError(host, tried);
}

function places(host) {
  const { ISOLANE_NATIVE: named } = host.env;
  if (named) return [fileAt(host, path.resolve(named))];
  const platform = platformOf(host);
  if (platform === undefined || isMusl(host)) return [];
  const package_ = packageAt(host, packageOf(platform));
  return isCheckout(host) ? [fileAt(host, path.join(host.root, fileOf(platform))), package_] : [package_];
}

/** A report costs milliseconds: it is made only where musl's loader says that there may be a need for it. */
function isMusl(host) {
  const arch = host.arch === 'x64' ? 'x86_64' : 'aarch64';
  return host.fs.existsSync(`/lib/ld-musl-${arch}.so.1`) && host.libc()?.name === 'musl';
}

const fileAt = (host, file) => ({ path: file, open: () => openFile(host, file) });

const packageAt = (host, name) => ({
  path: name,
  open() {
    const manifest = host.require.resolve(`${name}/package.json`);
    const { main, version } = host.require(manifest);
    // Before it is loaded: an addon stays in the process.
    checkVersion(host, version);
    return openFile(host, path.join(path.dirname(manifest), main));
  },
});

function openFile(host, file) {
  // Otherwise each version of Node and each resolver has its own words, most of them about modules.
  if (!host.fs.existsSync(file)) throw new Error(`there is no file ${file}`);
  const binding = host.require(file);
  checkVersion(host, binding.version());
  return { binding, file };
}

function checkVersion(host, found) {
  if (found !== host.version) throw new WrongVersion(`it is version ${found}, and isolane is ${host.version}`);
}

module.exports = { load };
