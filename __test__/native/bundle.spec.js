'use strict';

const assert = require('node:assert/strict');
const path = require('node:path');
const esbuild = require('esbuild');
const { ended, ROOT, runNode } = require('../support/child.js');
const { folder } = require('../support/folder.js');
const { test } = require('../support/test.js');

test('a bundle that isolane is in says to keep it out', async (t) => {
  const at = folder(t, {
    'app.cjs': `try { require(${JSON.stringify(ROOT)}) } catch ({ code, message }) { console.log(code, message) }`,
  });
  const outfile = path.join(at, 'bundle.cjs');
  const entryPoints = [path.join(at, 'app.cjs')];
  await esbuild.build({ entryPoints, outfile, bundle: true, platform: 'node', external: ['prom-client', 'esbuild'] });
  const { stdout } = ended(await runNode([outfile], { cwd: at }));
  assert.match(stdout, /^ERR_NATIVE_LOAD .* isolane was bundled/);
  assert.match(stdout, /what helps: --external:isolane/);
});
