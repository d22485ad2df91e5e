/**
 * Makes the packages' tarballs in `dist/` of what is built: `isolane-<version>.tgz` and this platform's.
 *
 *     node tools/pack/pack.mjs [main] [platform] [--out FOLDER]
 */
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runAsCommand } from '../v8/command.mjs';
import { isFile } from '../v8/store.mjs';
import { Unavailable } from '../v8/unavailable.mjs';
import { licences } from './licences.mjs';
import { describe, LICENCES, mainManifest, platformManifest, snapshotOf, tarballOf } from './manifest.mjs';
import { npm } from './npm.mjs';

const require = createRequire(import.meta.url);
const { fileOf, platformOf } = require('../../lib/native/platforms.js');

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const PACKAGES = { main: stageMain, platform: stagePlatform };

await runAsCommand(async () => {
  const { names, out } = choice();
  await mkdir(out, { recursive: true });
  for (const name of names) {
    const stage = await mkdtemp(join(tmpdir(), 'isolane-pack-'));
    try {
      const manifest = await PACKAGES[name](stage);
      await writeFile(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
      await npm(['pack', '--ignore-scripts', '--pack-destination', out], stage);
      console.log(join(out, tarballOf(manifest.name)));
    } finally {
      await rm(stage, { recursive: true, force: true });
    }
  }
  return 0;
});

function choice() {
  try {
    const { values, positionals } = parseArgs({ options: { out: { type: 'string' } }, allowPositionals: true });
    const unknown = positionals.find((name) => !(name in PACKAGES));
    if (unknown !== undefined) throw new Error(`there is no package ${unknown}`);
    return {
      names: positionals.length > 0 ? positionals : Object.keys(PACKAGES),
      out: resolve(values.out ?? join(ROOT, 'dist')),
    };
  } catch (error) {
    throw new Unavailable(`${error.message}\nusage: node tools/pack/pack.mjs [main] [platform] [--out FOLDER]`);
  }
}

/** Fills the stage with what npm would pack of the repository; gives the manifest that is published. */
async function stageMain(stage) {
  const [{ files }] = JSON.parse(await npm(['pack', '--dry-run', '--json', '--ignore-scripts'], ROOT));
  for (const { path } of files) {
    await mkdir(dirname(join(stage, path)), { recursive: true });
    await copyFile(join(ROOT, path), join(stage, path));
  }
  return mainManifest();
}

/** Fills the stage with this platform's addon and what belongs to it; gives the manifest. */
async function stagePlatform(stage) {
  const platform = platformOf(process);
  if (platform === undefined) throw new Unavailable(`there is no package for ${process.platform} on ${process.arch}`);
  for (const file of [fileOf(platform), snapshotOf(platform)]) {
    if (!(await isFile(join(ROOT, file)))) throw new Unavailable(`${file} is not there; run npm run build`);
    await copyFile(join(ROOT, file), join(stage, file));
  }
  const manifest = platformManifest(platform);
  await copyFile(join(ROOT, 'LICENSE'), join(stage, 'LICENSE'));
  await writeFile(join(stage, LICENCES), await licences());
  await writeFile(
    join(stage, 'README.md'),
    `# ${manifest.name}\n\nThe native part of [isolane](${manifest.homepage}) for ${describe(platform)}, and the ` +
      'snapshot that its isolates start from. `isolane` installs it; it is of no use by itself.\n\n' +
      `What is inside is under the licenses in [${LICENCES}](${LICENCES}).\n`,
  );
  return manifest;
}
