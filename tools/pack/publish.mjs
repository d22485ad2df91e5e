/**
 * Publishes the packed packages of all platforms, and then isolane: whoever installs it finds them there. What is
 * published already is left out, so that a release that failed half-way can be run again.
 *
 *     node tools/pack/publish.mjs FOLDER --tag-name v1.2.3 [--dry-run]
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runAsCommand } from '../v8/command.mjs';
import { isFile } from '../v8/store.mjs';
import { Unavailable } from '../v8/unavailable.mjs';
import { ROOT_MANIFEST, tarballOf } from './manifest.mjs';
import { npm } from './npm.mjs';

const require = createRequire(import.meta.url);
const { packageOf, PLATFORMS } = require('../../lib/native/platforms.js');

const { name: main, version } = ROOT_MANIFEST;

await runAsCommand(async () => {
  const { values, positionals } = parseArgs({
    options: { 'tag-name': { type: 'string' }, 'dry-run': { type: 'boolean' } },
    allowPositionals: true,
  });
  const folder = resolve(positionals[0] ?? 'dist');
  if (values['tag-name'] !== `v${version}`) {
    throw new Unavailable(`package.json says ${version}, and the tag is ${values['tag-name']}`);
  }
  const packages = [...PLATFORMS.map(packageOf), main].map((name) => ({ name, file: join(folder, tarballOf(name)) }));
  const missing = [];
  for (const { file } of packages) if (!(await isFile(file))) missing.push(file);
  if (missing.length > 0) throw new Unavailable(`nothing is published: ${missing.join(', ')} missing`);

  // A version to try does not become what `npm install isolane` gives.
  const tag = version.includes('-') ? 'next' : 'latest';
  for (const { name, file } of packages) {
    if (await isPublished(name)) {
      console.log(`${name}@${version} is published already`);
      continue;
    }
    const args = ['publish', file, '--access', 'public', '--tag', tag];
    await npm([...args, ...(values['dry-run'] ? ['--dry-run'] : ['--provenance'])], folder);
    console.log(`${name}@${version} published${values['dry-run'] ? ' (not really)' : ''}`);
  }
  return 0;
});

async function isPublished(name) {
  try {
    return (await npm(['view', `${name}@${version}`, 'version', '--json'])).trim() !== '';
  } catch (error) {
    if (/\bE404\b/.test(`${error.stderr}${error.stdout}`)) return false;
    throw error;
  }
}
