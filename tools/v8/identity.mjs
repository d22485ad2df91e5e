/** Which V8 is wanted: the version that Cargo.lock pins, for the target that rustc builds for. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture } from './command.mjs';
import { Unavailable } from './unavailable.mjs';

/**
 * Gives `{ version, checksum, target }`, for instance `137.3.0`, the SHA-256 of that package of the `v8` crate,
 * and `x86_64-unknown-linux-gnu`.
 */
export async function identify(root, env) {
  return { ...(await lockedPackage(join(root, 'Cargo.lock'))), target: await hostTarget(root, env) };
}

/** The library's file name. */
export function libraryName({ version, target }) {
  return `librusty_v8-${version}-${target}.a`;
}

/** The file name that the `v8` crate's mirrors use for the library, packed. */
export function archiveName(identity) {
  return `${libraryName(identity)}.gz`;
}

/** The version and the checksum of the package `v8`. */
export async function lockedPackage(path) {
  const lock = await readFile(path, 'utf8').catch((error) => {
    throw new Unavailable(`cannot read ${path}, which names the V8 version: ${error.message}`);
  });
  const [, version, rest] = /^name = "v8"\r?\nversion = "([^"]+)"((?:\r?\n.+)*)/m.exec(lock) ?? [];
  if (!version) throw new Unavailable(`${path} holds no package "v8"`);
  return { version, checksum: /^checksum = "([^"]+)"/m.exec(rest)?.[1] };
}

async function hostTarget(root, env) {
  const result = await capture('rustc', ['-vV'], { cwd: root, env }).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    throw new Unavailable('rustc is not on PATH; install Rust with rustup');
  });
  const target = /^host: (\S+)$/m.exec(result.stdout)?.[1];
  if (!target)
    throw new Unavailable(`rustc -vV names no host target (exit code ${result.code}): ${result.stderr.trim()}`);
  return target;
}
