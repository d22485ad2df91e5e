/**
 * Installs packed packages into an empty folder, and runs a task.
 *
 *     node tools/pack/smoke.mjs [FOLDER]
 *
 * The folder, `dist` if none is named, has `isolane-<version>.tgz` and this platform's.
 */
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capture, runAsCommand } from '../v8/command.mjs';
import { isFile } from '../v8/store.mjs';
import { Unavailable } from '../v8/unavailable.mjs';
import { ROOT_MANIFEST, tarballOf } from './manifest.mjs';
import { npm } from './npm.mjs';

const require = createRequire(import.meta.url);
const { packageOf, platformOf } = require('../../lib/native/platforms.js');

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

await runAsCommand(async () => {
  const folder = resolve(process.argv[2] ?? join(ROOT, 'dist'));
  const tarballs = [ROOT_MANIFEST.name, packageOf(platformOf(process))].map((name) => join(folder, tarballOf(name)));
  for (const file of tarballs) {
    if (!(await isFile(file))) throw new Unavailable(`${file} is not there; run npm run pack:local`);
  }
  const empty = await mkdtemp(join(tmpdir(), 'isolane-smoke-'));
  try {
    await writeFile(join(empty, 'package.json'), '{ "private": true }\n');
    await npm(['install', '--no-audit', '--no-fund', ...tarballs], empty);
    await copyFile(join(ROOT, '__test__/native/task.cjs'), join(empty, 'task.cjs'));
    const { code, stdout, stderr } = await capture(process.execPath, ['task.cjs'], { cwd: empty });
    console.log(stdout.trim());
    if (code !== 0 || JSON.parse(stdout).sum !== 2) throw new Unavailable(`it does not work: ${stderr}`);
    return 0;
  } finally {
    await rm(empty, { recursive: true, force: true });
  }
});
