'use strict';

const path = require('node:path');
const { packageOf, PLATFORMS } = require('./platforms.js');

// How isolane came to where it is, read from what package managers leave behind. For messages only, but for
// `isCheckout`.

/** What each package manager writes into the node_modules that it makes. */
const MARKERS = [
  ['.package-lock.json', 'npm'],
  ['.modules.yaml', 'pnpm'],
  ['.yarn-state.yml', 'yarn'],
  ['.yarn-integrity', 'yarn classic'],
];

/** A clone of the repository: no package has its Cargo.toml. */
const isCheckout = ({ fs, root }) => fs.existsSync(path.join(root, 'Cargo.toml'));

/** Whether this code was copied into another file by a bundler. */
function isBundled({ fs, root }) {
  return manifestName(fs, root) !== 'isolane';
}

function manifestName(fs, folder) {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')).name;
  } catch {
    return undefined;
  }
}

/**
 * The package manager that installed isolane, and the folder whose node_modules it made.
 * @param {import('./host.js').Host} host
 * @returns {{ manager?: 'npm' | 'pnpm' | 'yarn' | 'yarn pnp' | 'yarn classic', project?: string }}
 */
function installerOf({ fs, root, versions }) {
  if (versions.pnp) return { manager: 'yarn pnp' };
  for (let folder = root; ; folder = path.dirname(folder)) {
    const marker = MARKERS.find(([file]) => fs.existsSync(path.join(folder, 'node_modules', file)));
    if (marker !== undefined) return { manager: marker[1], project: folder };
    if (folder === path.dirname(folder)) return {};
  }
}

/**
 * The platforms whose packages are installed.
 * @param {import('./host.js').Host} host
 */
function installedPlatforms({ require }) {
  return PLATFORMS.filter((platform) => {
    try {
      return require.resolve(`${packageOf(platform)}/package.json`) !== undefined;
    } catch {
      return false;
    }
  });
}

/** Whether npm's lock file has isolane without the package of this platform. */
function isLeftOutOfLock({ fs }, project, name) {
  try {
    const { packages } = JSON.parse(fs.readFileSync(path.join(project, 'package-lock.json'), 'utf8'));
    const places = Object.keys(packages);
    return (
      places.some((place) => place.endsWith('node_modules/isolane')) && !places.some((place) => place.endsWith(name))
    );
  } catch {
    return false;
  }
}

/** Whether pnpm was told to leave optional dependencies out. */
function isWithoutOptional({ fs }, project) {
  try {
    const text = fs.readFileSync(path.join(project, 'node_modules', '.modules.yaml'), 'utf8');
    return /"?optionalDependencies"?: false/.test(text);
  } catch {
    return false;
  }
}

module.exports = { installedPlatforms, installerOf, isBundled, isCheckout, isLeftOutOfLock, isWithoutOptional };
