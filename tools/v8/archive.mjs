/** The static library itself: stripped, inspected for what would break a link into a shared object, packed. */
import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { capture, follow } from './command.mjs';
import { STRIP_FLAG } from './recipe.mjs';
import { Unavailable } from './unavailable.mjs';

// Any exported function of the Rust binding would do; this one every user of V8 calls.
const KNOWN_SYMBOL = 'v8__V8__Initialize';

// Thread-local accesses that a linker accepts in an executable only (x86_64 and aarch64).
const EXECUTABLE_ONLY = /R_X86_64_TPOFF(32|64)|R_AARCH64_TLSLE_\w+/;

/** Writes a copy of `library` without debug sections. */
export async function strip(llvm, library, stripped, env) {
  await tool(join(llvm, 'bin/llvm-strip'), [STRIP_FLAG, '-o', stripped, library], env);
}

/** Throws `Unavailable` with the reason when `library` cannot serve a `.node` file. */
export async function inspect(llvm, library, env) {
  const { size } = await stat(library);
  if (size === 0) throw new Unavailable(`${library} is empty`);
  const members = await tool(join(llvm, 'bin/llvm-ar'), ['t', library], env);
  if (!members.trim()) throw new Unavailable(`${library} has no members`);

  let known = false;
  await search(join(llvm, 'bin/llvm-nm'), ['--defined-only', '--extern-only', library], env, (line) => {
    known ||= line.endsWith(` ${KNOWN_SYMBOL}`);
  });
  if (!known) throw new Unavailable(`${library} does not define ${KNOWN_SYMBOL}`);

  let forbidden;
  await search(join(llvm, 'bin/llvm-readelf'), ['--relocs', '--wide', library], env, (line) => {
    forbidden ??= EXECUTABLE_ONLY.exec(line)?.[0];
  });
  if (forbidden) {
    throw new Unavailable(`${library} has ${forbidden} relocations: it links into executables, not into a .node file`);
  }
}

/** Packs `library` into the gzip file `packed`. */
export async function pack(library, packed) {
  await pipeline(createReadStream(library), createGzip({ level: 9 }), createWriteStream(packed));
}

async function tool(file, args, env) {
  const { code, stdout, stderr } = await capture(file, args, { env });
  if (code !== 0) throw new Unavailable(`${file} ended with code ${code}: ${stderr.trim()}`);
  return stdout;
}

async function search(file, args, env, onLine) {
  const code = await follow(file, args, { env, onLine });
  if (code !== 0) throw new Unavailable(`${file} ${args.join(' ')} ended with code ${code}`);
}
