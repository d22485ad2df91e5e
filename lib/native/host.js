'use strict';

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { version } = require('../../package.json');
const { libcOf } = require('./libc.js');

/**
 * What loading depends on; tests have others.
 * @typedef {object} Host
 * @property {string} version - of isolane
 * @property {string} root - the folder of isolane's package.json; elsewhere in a bundle
 * @property {string} platform - as `process.platform`
 * @property {string} arch
 * @property {Record<string, string | undefined>} versions - as `process.versions`
 * @property {Record<string, string | undefined>} env
 * @property {() => { name: string, version?: string } | undefined} libc
 * @property {Pick<typeof fs, 'existsSync' | 'readFileSync'>} fs
 * @property {NodeJS.Require} require - from isolane's own place
 */

/**
 * This process.
 * @returns {Host}
 */
function thisHost() {
  // A bundle that is an ES module has no `__filename`.
  const file = typeof __filename === 'string' ? __filename : path.join(process.cwd(), 'bundle.js');
  return {
    version,
    root: path.join(path.dirname(file), '..', '..'),
    platform: process.platform,
    arch: process.arch,
    versions: process.versions,
    env: process.env,
    libc: thisLibc,
    fs,
    // Not the module's own: bundlers replace that.
    require: createRequire(file),
  };
}

function thisLibc() {
  const { report } = process;
  if (process.platform !== 'linux' || !report) return undefined;
  // Without it a report looks up the names of all connections' addresses, for seconds.
  const { excludeNetwork } = report;
  report.excludeNetwork = true;
  try {
    return libcOf(report.getReport());
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

module.exports = { thisHost };
