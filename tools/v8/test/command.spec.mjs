import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { capture } from '../command.mjs';
import { archive, folder, program, write } from './fixture.mjs';

const obtain = fileURLToPath(new URL('../obtain.mjs', import.meta.url));
const cargo = fileURLToPath(new URL('../../cargo.mjs', import.meta.url));
const build = fileURLToPath(new URL('../../build.mjs', import.meta.url));
const verify = fileURLToPath(new URL('../verify.mjs', import.meta.url));
const run = (script, args, env, cwd) => capture(process.execPath, [script, ...args], { env, cwd });

test('obtain.mjs prints the variables alone', async (t) => {
  const archive = await write(join(await folder(t), 'v8.a'));
  const { code, stdout, stderr } = await run(obtain, [], { RUSTY_V8_ARCHIVE: archive });
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `RUSTY_V8_ARCHIVE=${archive}\n`, stderr: '' });
});

test('obtain.mjs tells an error in a line, without a stack', async () => {
  const { code, stdout, stderr } = await run(obtain, [], { RUSTY_V8_ARCHIVE: '/gone' });
  assert.deepEqual(
    { code, stdout, stderr },
    { code: 1, stdout: '', stderr: 'error: RUSTY_V8_ARCHIVE is not a file: /gone\n' },
  );
});

test('cargo.mjs gives cargo its arguments and V8, and ends with its exit code', async (t) => {
  const path = await folder(t);
  await write(join(path, 'v8.a'));
  await program(join(path, 'bin/cargo'), 'echo "$RUSTY_V8_ARCHIVE $*"; exit 7');
  const env = { PATH: join(path, 'bin'), RUSTY_V8_ARCHIVE: 'v8.a' };
  const { code, stdout } = await run(cargo, ['test', '--release'], env, path);
  assert.deepEqual({ code, stdout }, { code: 7, stdout: `${path}/v8.a test --release\n` });
});

test('cargo.mjs without cargo names rustup', async (t) => {
  const path = await folder(t);
  const archive = await write(join(path, 'v8.a'));
  const { code, stderr } = await run(cargo, ['build'], { PATH: path, RUSTY_V8_ARCHIVE: archive });
  assert.equal(code, 1);
  assert.match(stderr, /^error: cargo is not on PATH; install Rust with rustup$/m);
});

test('build.mjs refuses an option that it does not know', async () => {
  const { code, stderr } = await run(build, ['--debug'], { RUSTY_V8_ARCHIVE: '/gone' });
  assert.equal(code, 1);
  assert.match(stderr, /^error: .*--debug[\s\S]*usage: node tools\/build\.mjs/m);
});

test('verify.mjs tells what another library has and lacks, and ends with 1', async (t) => {
  const path = await folder(t);
  await program(join(path, 'rustc'), 'echo "host: x86_64-unknown-linux-gnu"');
  const other = await write(join(path, 'other.a'), archive([['alone.o', 'x']]));
  const { code, stdout } = await run(verify, [other], { PATH: path });
  assert.equal(code, 1);
  assert.match(stdout, /^identical members: 0$/m);
  assert.match(stdout, /^members only in the prebuilt library: \d{4}$/m);
  assert.match(stdout, /^members only in the other library: 1\n {2}alone\.o$/m);
});
