/** Which V8 is wanted: the version that Cargo.lock pins, for the target that rustc builds for. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture } from './command.mjs';
import { Unavailable } from './unavailable.mjs';

/** Gives `{ version, target }`, for instance `137.3.0` and `x86_64-unknown-linux-gnu`. */
export async function identify(root, env) {
  return { version: await lockedVersion(join(root, 'Cargo.lock')), target: await hostTarget(root, env) };
}

/** The file name that the `v8` crate's mirrors and this project's cache use for the library. */
export function archiveName({ version, target }) {
  return `librusty_v8-${version}-${target}.a.gz`;
}

async function lockedVersion(path) {
  const lock = await readFile(path, 'utf8').catch((error) => {
    throw new Unavailable(`cannot read ${path}, which names the V8 version: ${error.message}`);
  });
  const version = /^name = "v8"\r?\nversion = "([^"]+)"/m.exec(lock)?.[1];
  if (!version) throw new Unavailable(`${path} holds no package "v8"`);
  return version;
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
