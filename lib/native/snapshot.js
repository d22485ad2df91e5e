'use strict';

// The snapshot that isolates start from lies beside the addon; without it they start slower.

const { binding, file } = require('./addon.js');

const snapshotFile = file.replace(/\.node$/, '.snapshot');

let isLoaded;

/**
 * Has isolates start from the snapshot of this build, where there is one.
 * @returns {boolean} whether there is
 */
function useSnapshot() {
  isLoaded ??= binding.loadSnapshot(snapshotFile);
  return isLoaded;
}

module.exports = { snapshotFile, useSnapshot };
