'use strict';

// The snapshot that isolates start from lies beside the addon; without it they start slower.

const native = require('../../native.cjs');

/** The addon's own file: a package of the platform may be anywhere. */
function addonFile() {
  return Object.keys(require.cache).find((file) => file.endsWith('.node') && require.cache[file].exports === native);
}

const snapshotFile = () => addonFile()?.replace(/\.node$/, '.snapshot');

let isLoaded;

/**
 * Has isolates start from the snapshot of this build, where there is one.
 * @returns {boolean} whether there is
 */
function useSnapshot() {
  isLoaded ??= native.loadSnapshot(snapshotFile() ?? '');
  return isLoaded;
}

module.exports = { snapshotFile, useSnapshot };
