'use strict';

// Load and basic use on every supported version of Node.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');
const { test } = require('../support/test.js');
const { ended, runNode } = require('../support/child.js');
const { NODE_MAJORS, nodeOf, skipNodes: skip } = require('../support/npm-tool.js');

for (const major of NODE_MAJORS) {
  test(`isolane loads and works on Node ${major}`, { skip, timeout: 300_000 }, async () => {
    const child = ended(await runNode([path.join(__dirname, 'smoke.cjs')], { node: await nodeOf(major) }));
    assert.deepEqual(
      [child.said.length, child.said[0].split('.')[0], child.said[1]],
      [2, `v${major}`, 'everything works'],
    );
  });
}

// It asks V8 in Node for what Node-API has not, see src/face/lending.rs.
for (const major of NODE_MAJORS) {
  test(`memory that is lent is kept on Node ${major}`, { skip, timeout: 300_000 }, async () => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const specs = ['pool/worker-threads.spec.js', 'values/transfer.spec.js'].map((name) =>
      path.join(__dirname, '..', name),
    );
    const pattern = '--test-name-pattern=/beyond the end|contents that were written/';
    await promisify(execFile)(await nodeOf(major), ['--test', pattern, ...specs], { env });
  });
}
