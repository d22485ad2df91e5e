/** Packs as for publishing, and runs publint over the packages and attw over isolane's types. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { attach, capture, runAsCommand } from '../v8/command.mjs';
import { Unavailable } from '../v8/unavailable.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PUBLINT = join(ROOT, 'node_modules/publint/src/cli.js');
const ATTW = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js');

await runAsCommand(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'isolane-lint-'));
  try {
    const packed = await capture(process.execPath, [join(ROOT, 'tools/pack/pack.mjs'), '--out', folder]);
    if (packed.code !== 0) throw new Unavailable(packed.stderr.trim());
    const [main, platform] = packed.stdout.trim().split('\n');
    const runs = [
      [PUBLINT, 'run', main, '--strict'],
      [PUBLINT, 'run', platform, '--strict'],
      [ATTW, main, '--no-emoji'],
    ];
    for (const args of runs) {
      const code = await attach(process.execPath, args, { cwd: ROOT });
      if (code !== 0) return code;
    }
    return 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
