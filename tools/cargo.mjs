/**
 * Runs cargo with the V8 that this project links, for the target that `tools/build.mjs` builds: napi's command names
 * it, and cargo keeps what is built with and without a named target apart.
 *
 *     node tools/cargo.mjs test --profile quick
 */
import { fileURLToPath } from 'node:url';
import { attach, runAsCommand } from './v8/command.mjs';
import { identify } from './v8/identity.mjs';
import { obtainV8 } from './v8/obtain.mjs';
import { Unavailable } from './v8/unavailable.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

await runAsCommand(async () => {
  const env = { ...(await target()), ...process.env, ...(await obtainV8()) };
  return await attach('cargo', process.argv.slice(2), { env }).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Unavailable('cargo is not on PATH; install Rust with rustup');
  });
});

/** Nothing where there is no Rust: cargo's absence is what has to be said then. */
async function target() {
  try {
    const { target } = await identify(ROOT, process.env);
    return { CARGO_BUILD_TARGET: target };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return {};
  }
}
