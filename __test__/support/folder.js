'use strict';

// Temporary files of a test, removed when it ends.

const { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');

/**
 * @param {import('node:test').TestContext} t
 * @param {Record<string, string>} files - by their relative path
 * @param {string} [name] - of a folder in the temporary one
 */
function folder(t, files, name = '.') {
  const root = mkdtempSync(path.join(realpathSync(tmpdir()), 'isolane-test-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const at = path.join(root, name);
  mkdirSync(at, { recursive: true });
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.join(at, file, '..'), { recursive: true });
    writeFileSync(path.join(at, file), text);
  }
  return at;
}

module.exports = { folder };
