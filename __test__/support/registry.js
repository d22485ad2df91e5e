'use strict';

// A registry of the platforms' packages alone, which are not published while they are tested.

const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { createServer } = require('node:http');
const { tmpdir } = require('node:os');
const path = require('node:path');

/**
 * Serves a package for each manifest: the tarball where it is given, else one with an empty addon.
 *
 * @param {object[]} manifests
 * @param {Record<string, string>} tarballs - files by the name of the package
 * @returns {Promise<{ url: string, close: () => void }>}
 */
async function startRegistry(manifests, tarballs) {
  const packages = new Map(
    manifests.map((manifest) => {
      const { name } = manifest;
      return [`/${name}`, { manifest, bytes: name in tarballs ? readFileSync(tarballs[name]) : empty(manifest) }];
    }),
  );
  const server = createServer(({ url: asked }, response) => {
    const [name, file] = decodeURIComponent(asked).split('/-/');
    const found = packages.get(name);
    if (found === undefined) return response.writeHead(404).end('{}');
    if (file !== undefined) return response.end(found.bytes);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(packument(found, url)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/`;
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url, close };
}

function packument({ manifest, bytes }, url) {
  const { name, version } = manifest;
  const dist = {
    tarball: `${url}${name}/-/${path.basename(name)}-${version}.tgz`,
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    shasum: createHash('sha1').update(bytes).digest('hex'),
  };
  const published = '2020-01-01T00:00:00.000Z';
  return {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } },
    time: { created: published, modified: published, [version]: published },
  };
}

/** The tarball of a platform that nothing is built for here. */
function empty(manifest) {
  const folder = mkdtempSync(path.join(tmpdir(), 'isolane-registry-'));
  try {
    mkdirSync(path.join(folder, 'package'));
    writeFileSync(path.join(folder, 'package', 'package.json'), JSON.stringify(manifest));
    writeFileSync(path.join(folder, 'package', manifest.main), '');
    return execFileSync('tar', ['czf', '-', 'package'], { cwd: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

module.exports = { startRegistry };
