/**
 * Makes the prebuilt library of this checkout: compiles V8, packs the library and records what it is and which
 * tools made it. With LIBRARY, an `.a` or `.a.gz` that the present recipe has made, nothing is compiled.
 *
 *     node tools/v8/prebuild.mjs [LIBRARY]
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createGunzip } from 'node:zlib';
import { inspect } from './archive.mjs';
import { sha256 } from './checksum.mjs';
import { runAsCommand } from './command.mjs';
import { identify } from './identity.mjs';
import { obtainV8 } from './obtain.mjs';
import { PREBUILT, packSmall, pathsOf } from './prebuilt.mjs';
import { hashOf, recipeOf } from './recipe.mjs';
import { llvmFolder, versionsOf } from './toolchain.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

await runAsCommand(async () => {
  const identity = await identify(ROOT, process.env);
  const recipe = await recipeOf(identity);
  const env = { ...process.env, RUSTY_V8_ARCHIVE: '', ISOLANE_V8_FROM_SOURCE: '1' };
  const archive = process.argv[2] ?? (await obtainV8({ env })).RUSTY_V8_ARCHIVE;
  const folder = await mkdtemp(join(tmpdir(), 'isolane-v8-'));
  try {
    const library = archive.endsWith('.gz') ? join(folder, 'librusty_v8.a') : archive;
    if (library !== archive) await pipeline(createReadStream(archive), createGunzip(), createWriteStream(library));
    await inspect(llvmFolder(process.env), library, process.env);

    const paths = pathsOf(identity);
    await mkdir(PREBUILT, { recursive: true });
    console.log('packing, which takes some minutes');
    await packSmall(library, `${paths.packed}.partial`);
    const record = {
      recipeHash: hashOf(recipe),
      packed: await measure(`${paths.packed}.partial`),
      unpacked: await measure(library),
      madeWith: await versionsOf(process.env),
      recipe,
    };
    await rename(`${paths.packed}.partial`, paths.packed);
    await writeFile(paths.record, `${JSON.stringify(record, null, 2)}\n`);
    console.log(`${paths.packed}: ${record.packed.bytes} bytes, unpacked ${record.unpacked.bytes}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

async function measure(path) {
  return { bytes: (await stat(path)).size, sha256: await sha256(path) };
}
