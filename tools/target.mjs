/** The target that cargo is told, so that the addon, tests and benchmarks share what they are built of. */
import { fileURLToPath } from 'node:url';
import { identify } from './v8/identity.mjs';
import { Unavailable } from './v8/unavailable.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Napi's command names the target that it builds for, and cargo keeps what is built with and without a named target
 * apart.
 * @returns {Promise<{ CARGO_BUILD_TARGET?: string }>} nothing where there is no Rust: what lacks then is said by
 *   whoever runs cargo
 */
export async function targetVariable() {
  try {
    const { target } = await identify(ROOT, process.env);
    return { CARGO_BUILD_TARGET: target };
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    return {};
  }
}
