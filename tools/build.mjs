/**
 * Builds the addon and the snapshot of its isolates at the repository's root, and the types of what it exports,
 * `lib/native/binding.d.ts`. lib/native/load.js finds the addon; napi's own loader is not made.
 *
 *     node tools/build.mjs [--profile NAME]
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attach, runAsCommand } from './v8/command.mjs';
import { obtainV8 } from './v8/obtain.mjs';
import { Unavailable } from './v8/unavailable.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

await runAsCommand(async () => {
  const profile = chosenProfile();
  const napi = napiCommand();
  const env = { ...process.env, ...(await obtainV8()) };
  const args = [napi, 'build', '--platform', ...profile, '--no-js', '--dts', 'lib/native/binding.d.ts'];
  const code = await attach(process.execPath, args, { cwd: ROOT, env });
  return code === 0 ? await attach(process.execPath, [join(ROOT, 'tools', 'snapshot.mjs')], { cwd: ROOT }) : code;
});

function chosenProfile() {
  try {
    const { profile } = parseArgs({ options: { profile: { type: 'string' } } }).values;
    // The CLI looks for what `--profile dev` made in target/dev, where cargo never puts it; dev is its default.
    if (profile === 'dev') return [];
    return profile ? ['--profile', profile] : ['--release'];
  } catch (error) {
    throw new Unavailable(`${error.message}\nusage: node tools/build.mjs [--profile NAME]`);
  }
}

/** The installed command's script: through npx, Windows would need a shell and its quoting. */
function napiCommand() {
  try {
    const manifest = createRequire(join(ROOT, 'package.json')).resolve('@napi-rs/cli/package.json');
    return join(dirname(manifest), JSON.parse(readFileSync(manifest, 'utf8')).bin.napi);
  } catch (error) {
    throw new Unavailable('@napi-rs/cli is not installed; run npm ci', { cause: error });
  }
}
