/**
 * Runs cargo with the V8 that this project links, for the target that `tools/build.mjs` builds.
 *
 *     node tools/cargo.mjs test --profile quick
 */
import { targetVariable } from './target.mjs';
import { attach, runAsCommand } from './v8/command.mjs';
import { obtainV8 } from './v8/obtain.mjs';
import { Unavailable } from './v8/unavailable.mjs';

await runAsCommand(async () => {
  const env = { ...(await targetVariable()), ...process.env, ...(await obtainV8()) };
  return await attach('cargo', process.argv.slice(2), { env }).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Unavailable('cargo is not on PATH; install Rust with rustup');
  });
});
