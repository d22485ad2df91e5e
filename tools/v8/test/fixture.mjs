/** Folders, archives and programs that stand for the real ones in a test. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const IDENTITY = { version: '1.2.3', target: 'x86_64-unknown-linux-gnu' };
export const NAME = 'librusty_v8-1.2.3-x86_64-unknown-linux-gnu.a.gz';

/** A folder that is gone after the test. */
export async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'isolane-v8-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

export async function write(path, text = '') {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

/** A store's folder with one archive and its right checksum, or the lines given. */
export async function store(path, content, sums = `${sha256(content)}  ${NAME}\n`) {
  await write(join(path, NAME), content);
  await write(join(path, 'SHA256SUMS'), sums);
  return path;
}

export function sha256(content) {
  return createHash('sha256').update(content).digest('hex');
}

/** A shell script in place of a program. */
export async function program(path, script = 'exit 0') {
  await write(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  return path;
}

/** Everything that a compile needs, as far as looking for it can tell; gives the environment to find it. */
export async function toolchain(path) {
  const bin = join(path, 'bin');
  const llvm = join(path, 'llvm');
  for (const name of ['cargo', 'cc', 'ninja', 'pkg-config']) await program(join(bin, name));
  await program(join(bin, 'python3'), `case "$1" in -c) echo "${bin}/python3" ;; esac`);
  for (const name of ['clang++', 'ld.lld', 'llvm-strip']) await program(join(llvm, 'bin', name));
  await program(join(llvm, 'bin/clang'), 'echo 19.1.7');
  await program(join(llvm, 'bin/llvm-strip'), '/bin/cp "$4" "$3"');
  await program(join(llvm, 'bin/llvm-ar'), 'echo api.o');
  await program(join(llvm, 'bin/llvm-nm'), 'echo "0000000000000000 T v8__V8__Initialize"');
  await program(join(llvm, 'bin/llvm-readelf'), 'echo "0000  0001 R_X86_64_TLSLD 0000 x - 4"');
  await write(join(llvm, 'lib/libclang.so'));
  await write(join(llvm, 'lib/clang/19/lib/linux/libclang_rt.builtins-x86_64.a'));
  return { PATH: bin, CLANG_BASE_PATH: llvm, GN: join(bin, 'gn') };
}

/** Options of `obtainV8` that keep it away from this machine, with what it said in `said`. */
export async function options(t, more = {}) {
  const root = await folder(t);
  const said = [];
  return {
    said,
    root,
    cwd: root,
    identity: IDENTITY,
    say: (line) => said.push(line),
    compile: () => {
      throw new Error('the compile was not to be reached');
    },
    ...more,
    env: { XDG_CACHE_HOME: join(root, 'cache'), ...more.env },
  };
}

/** A compile that leaves a library of this content. */
export function compiling(content) {
  return async ({ folder: build }) => write(join(build, 'librusty_v8.a'), content);
}

export { existsSync as exists };
