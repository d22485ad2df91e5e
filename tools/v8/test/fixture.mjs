/** Folders, archives and programs that stand for the real ones in a test. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { cacheFolder } from '../cache.mjs';
import { hashOf, recipeOf } from '../recipe.mjs';

export const IDENTITY = { version: '1.2.3', checksum: 'abc', target: 'x86_64-unknown-linux-gnu' };
export const UNPACKED = 'librusty_v8-1.2.3-x86_64-unknown-linux-gnu.a';
export const NAME = `${UNPACKED}.gz`;

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

/** The folder in which the cache keeps the libraries of the present recipe. */
export async function cached(env, identity = IDENTITY) {
  return join(cacheFolder(env), hashOf(await recipeOf(identity)).slice(0, 16));
}

/** A folder with a prebuilt library of this content; `change` may spoil its record or give another packed file. */
export async function prebuilt(path, content, change = () => {}) {
  const recipe = await recipeOf(IDENTITY);
  const packed = brotliCompressSync(content);
  const record = {
    recipeHash: hashOf(recipe),
    packed: { bytes: packed.length, sha256: sha256(packed) },
    unpacked: { bytes: content.length, sha256: sha256(content) },
    madeWith: {},
    recipe,
  };
  await write(join(path, `${UNPACKED}.br`), change(record, packed) ?? packed);
  await write(join(path, `${UNPACKED}.json`), JSON.stringify(record));
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
    prebuilt: join(root, 'no-prebuilt'),
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

/** A static library of these members, `[name, content]`, as LLVM writes it. */
export function archive(members) {
  const long = members.map(([name]) => name).filter((name) => name.length > 15);
  const names = long.map((name) => `${name}/\n`).join('');
  const parts = [Buffer.from('!<arch>\n')];
  const add = (name, data) => {
    const fields = [name.padEnd(16), '0'.padEnd(12), '0'.padEnd(6), '0'.padEnd(6), '644'.padEnd(8)];
    parts.push(Buffer.from(`${fields.join('')}${String(data.length).padEnd(10)}\`\n`), data);
    if (data.length % 2) parts.push(Buffer.from('\n'));
  };
  add('/', Buffer.from('an index'));
  add('//', Buffer.from(names));
  for (const [name, content] of members) {
    add(name.length > 15 ? `/${names.indexOf(`${name}/\n`)}` : `${name}/`, Buffer.from(content));
  }
  return Buffer.concat(parts);
}

/** An object file with these sections, `{ name: content }`, that exports these symbols. */
export function object(sections, symbols) {
  const strings = [''];
  const place = (text) => {
    const at = strings.reduce((sum, string) => sum + string.length + 1, 0);
    strings.push(text);
    return at;
  };
  const table = Buffer.alloc(24 * symbols.length);
  symbols.forEach((name, i) => {
    table.writeUInt32LE(place(name), 24 * i);
    table[24 * i + 4] = 1 << 4;
    table.writeUInt16LE(1, 24 * i + 6);
  });
  const named = Object.entries(sections).map(([name, content]) => ({
    at: place(name),
    type: 1,
    data: Buffer.from(content),
  }));
  const all = [{ at: 0, type: 0 }, ...named, { at: place('.symtab'), type: 2, data: table, link: named.length + 2 }];
  all.push({ at: place('.strtab'), type: 3 });
  all.at(-1).data = Buffer.from(strings.map((string) => `${string}\0`).join(''));

  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01', 'latin1');
  const headers = Buffer.alloc(64 * all.length);
  let begin = 64;
  all.forEach(({ at, type, data = Buffer.alloc(0), link = 0 }, i) => {
    headers.writeUInt32LE(at, 64 * i);
    headers.writeUInt32LE(type, 64 * i + 4);
    headers.writeBigUInt64LE(BigInt(begin), 64 * i + 24);
    headers.writeBigUInt64LE(BigInt(data.length), 64 * i + 32);
    headers.writeUInt32LE(link, 64 * i + 40);
    begin += data.length;
  });
  head.writeBigUInt64LE(BigInt(begin), 40);
  head.writeUInt16LE(64, 58);
  head.writeUInt16LE(all.length, 60);
  head.writeUInt16LE(all.length - 1, 62);
  return Buffer.concat([head, ...all.map(({ data = Buffer.alloc(0) }) => data), headers]);
}
