/**
 * Runs the README's commands for a clone as somebody does who has nothing yet: in a fresh clone of this repository's
 * HEAD in an empty folder, without a mirror of V8, with empty caches. Prints how long each took, and ends with the code
 * of the one that failed.
 *
 *     node tools/fresh-clone.mjs [--first] [--warm] [--keep]
 *
 * `--first` runs the first command alone. `--warm` uses this user's downloads of npm and cargo; what was built is never
 * used. `--keep` leaves the folder where it is.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attach, runAsCommand } from './v8/command.mjs';
import { Unavailable } from './v8/unavailable.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const USAGE = 'usage: node tools/fresh-clone.mjs [--first] [--warm] [--keep]';

/** Variables that name what a newcomer does not have. */
const FOREIGN = /^(npm_|RUSTY_V8_|ISOLANE_|CARGO_(?!HTTP|NET|REGISTR|SOURCE)|RUSTC)/;

await runAsCommand(async () => {
  const { first, warm, keep } = chosen();
  const folder = await mkdtemp(join(tmpdir(), 'isolane-clone-'));
  const clone = join(folder, 'isolane');
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))),
    XDG_CACHE_HOME: join(folder, 'cache'),
    ...(!warm && { CARGO_HOME: join(folder, 'cargo'), npm_config_cache: join(folder, 'npm') }),
  };
  try {
    let code = await attach('git', ['clone', '--quiet', ROOT, clone], { env });
    const commands = commandsOf(await readFile(join(ROOT, 'README.md'), 'utf8')).slice(0, first ? 1 : undefined);
    for (const command of code === 0 ? commands : []) {
      const start = performance.now();
      code = await attach('sh', ['-c', command], { cwd: clone, env });
      const seconds = Math.round((performance.now() - start) / 1000);
      console.log(`${command}: exit code ${code} after ${Math.floor(seconds / 60)} min ${seconds % 60} s`);
      if (code !== 0) break;
    }
    return code;
  } finally {
    if (keep) console.log(clone);
    else await rm(folder, { recursive: true, force: true });
  }
});

function chosen() {
  try {
    const flag = { type: 'boolean', default: false };
    return parseArgs({ options: { first: flag, warm: flag, keep: flag } }).values;
  } catch (error) {
    throw new Unavailable(`${error.message}\n${USAGE}`);
  }
}

/** The commands of the README's section for a clone, one for each block. */
function commandsOf(readme) {
  const [, section] = /^## From a clone\n([\s\S]*?)^## /m.exec(readme) ?? [];
  const commands = [...(section ?? '').matchAll(/^```sh\n([\s\S]*?)\n```$/gm)].map(([, command]) => command);
  if (commands.length !== 2) throw new Unavailable('README.md has no two commands under "From a clone"');
  return commands;
}
