import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { compileV8 } from '../source.mjs';
import { exists, folder, IDENTITY, program, toolchain, write } from './fixture.mjs';

/** A cargo that does as a build of V8 does: records its environment, leaves a library, tells where. */
const CARGO = `
  while [ "$1" != --target-dir ]; do shift; done
  /bin/mkdir -p "$2/release/gn_out/obj"
  echo built > "$2/release/gn_out/obj/librusty_v8.a"
  /usr/bin/env > "$2/../seen"
  echo '[v8 1.2.3] [1/1] AR obj/librusty_v8.a'
  echo '{"reason":"build-script-executed","linked_paths":["native='"$2"'/release/gn_out/obj/"]}'`;

async function machine(t, cargo = CARGO) {
  const path = await folder(t);
  const env = await toolchain(path);
  await program(join(env.PATH, 'cargo'), cargo);
  await write(join(path, 'Cargo.lock'), 'the versions');
  const said = [];
  const build = join(path, 'build');
  return {
    ...IDENTITY,
    root: path,
    folder: build,
    log: join(path, 'build.log'),
    env,
    said,
    say: (line) => said.push(line),
  };
}

test('the library is where the build script told cargo to link from', async (t) => {
  const given = await machine(t);
  assert.equal(await readFile(await compileV8(given), 'utf8'), 'built\n');
});

test('the compile is of the wanted version, at the versions of this project', async (t) => {
  const given = await machine(t);
  await compileV8(given);
  assert.match(await readFile(join(given.folder, 'Cargo.toml'), 'utf8'), /^v8 = "=1\.2\.3"$/m);
  assert.equal(await readFile(join(given.folder, 'Cargo.lock'), 'utf8'), 'the versions');
});

test('the compile is for shared objects, whatever the caller has set', async (t) => {
  const given = await machine(t);
  const foreign = {
    RUSTY_V8_ARCHIVE: '/other.a',
    V8_FORCE_DEBUG: '1',
    CARGO_TARGET_DIR: '/elsewhere',
    GN_ARGS: 'is_debug=true',
  };
  await compileV8({ ...given, env: { ...given.env, ...foreign } });
  const seen = await readFile(join(given.folder, 'seen'), 'utf8');
  assert.match(seen, /^V8_FROM_SOURCE=1$/m);
  assert.match(seen, /^CCC_OVERRIDE_OPTIONS=.*\+-DV8_TLS_USED_IN_LIBRARY/m);
  assert.doesNotMatch(seen, /RUSTY_V8_ARCHIVE|V8_FORCE_DEBUG|CARGO_TARGET_DIR|is_debug/);
});

test('a failed compile names the log and shows its last 40 lines', async (t) => {
  const given = await machine(t, 'i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "line $i" >&2; done; exit 101');
  await assert.rejects(compileV8(given), (error) => {
    assert.equal(error.name, 'Unavailable');
    assert.match(error.message, /^compiling V8 1\.2\.3 failed: cargo ended with code 101$/m);
    assert.ok(error.message.includes(`log: ${given.log}`));
    assert.deepEqual(
      error.message.match(/line \d+/g),
      Array.from({ length: 40 }, (_, i) => `line ${i + 21}`),
    );
    return true;
  });
  assert.match(await readFile(given.log, 'utf8'), /^line 1$/m);
});

test('what a broken-off run has compiled is kept', async (t) => {
  const given = await machine(t, 'exit 130');
  await assert.rejects(compileV8(given));
  const object = await write(join(given.folder, 'target/release/gn_out/api.o'));
  await program(join(given.env.PATH, 'cargo'), CARGO);
  await compileV8(given);
  assert.ok(exists(object));
});

test('objects of another recipe are dropped', async (t) => {
  const given = await machine(t);
  await compileV8(given);
  const object = await write(join(given.folder, 'target/release/gn_out/api.o'));
  await compileV8({ ...given, env: { ...given.env, GN: join(given.env.PATH, 'another-gn') } });
  assert.equal(exists(object), false);
});

test('a library for executables is refused', async (t) => {
  const given = await machine(t);
  await program(join(given.env.CLANG_BASE_PATH, 'bin/llvm-readelf'), 'echo "0000  0001 R_X86_64_TPOFF32 0000 x - 4"');
  await assert.rejects(compileV8(given), { message: /has R_X86_64_TPOFF32 relocations/ });
});

test('a library without V8 in it is refused', async (t) => {
  const given = await machine(t);
  await program(join(given.env.CLANG_BASE_PATH, 'bin/llvm-nm'), 'echo "0 T v8__V8__InitializeNot"');
  await assert.rejects(compileV8(given), { message: /does not define v8__V8__Initialize/ });
});

test('an archive that cannot be read is refused', async (t) => {
  const given = await machine(t);
  await program(join(given.env.CLANG_BASE_PATH, 'bin/llvm-ar'), 'echo truncated >&2; exit 1');
  await assert.rejects(compileV8(given), { message: /llvm-ar ended with code 1: truncated/ });
});
