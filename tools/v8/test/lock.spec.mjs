import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Lock } from '../lock.mjs';
import { obtainV8 } from '../obtain.mjs';
import { exists, folder, options, write } from './fixture.mjs';

const MODULE = new URL('../lock.mjs', import.meta.url);

function node(script, ...args) {
  const options = { stdio: ['pipe', 'pipe', 'inherit'] };
  return spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { Lock } from '${MODULE}';${script}`, ...args],
    options,
  );
}

/** A process that holds the lock until it is written to. */
async function holder(path) {
  const child = node(
    `const lock = await Lock.acquire(process.argv[1]);
     process.stdout.write('held');
     process.stdin.once('data', async () => { await lock.release(); process.exit(); });`,
    path,
  );
  await once(child.stdout, 'data');
  return child;
}

const neverWait = { onWait: (pid) => assert.fail(`waited for ${pid}`) };

test('a lock held by a live process is waited for, and told once', async (t) => {
  const path = join(await folder(t), 'lock');
  const child = await holder(path);
  const told = [];
  const onWait = (pid) => {
    told.push(pid);
    child.stdin.write('release');
  };
  await Lock.acquire(path, { interval: 5, onWait });
  assert.deepEqual(told, [child.pid]);
});

test('a released lock is free, and leaves one empty file', async (t) => {
  const path = join(await folder(t), 'lock');
  for (let turn = 0; turn < 3; turn += 1) {
    const lock = await Lock.acquire(path, neverWait);
    await lock.release();
  }
  assert.deepEqual(await readdir(dirname(path)), ['lock.3']);
  assert.equal(await readFile(`${path}.3`, 'utf8'), '');
});

test('a lock whose process was killed is taken over', async (t) => {
  const path = join(await folder(t), 'lock');
  const child = await holder(path);
  child.kill('SIGKILL');
  await once(child, 'close');
  assert.ok(exists(`${path}.1`), 'a killed process leaves its lock');
  await Lock.acquire(path, neverWait);
});

test('a lock whose pid is another process by now is taken over', { skip: process.platform !== 'linux' }, async (t) => {
  const path = join(await folder(t), 'lock');
  await write(`${path}.1`, `${process.ppid} 1\n`);
  await Lock.acquire(path, neverWait);
});

test('processes that find a stale lock together have it one after the other', async (t) => {
  const path = join(await folder(t), 'lock');
  await write(`${path}.1`, '');
  const contend = `
    import { rmSync, writeFileSync } from 'node:fs';
    for (let turn = 0; turn < 20; turn += 1) {
      const lock = await Lock.acquire(process.argv[1], { interval: 1 });
      writeFileSync(process.argv[1] + '-held', '', { flag: 'wx' });
      rmSync(process.argv[1] + '-held');
      await lock.release();
    }`;
  const children = Array.from({ length: 6 }, () => node(contend, path));
  const ends = await Promise.all(children.map((child) => once(child, 'close')));
  assert.deepEqual(ends, Array(6).fill([0, null]));
});

test('two runs at once compile once', async (t) => {
  const given = await options(t);
  const said = new EventEmitter();
  let compiles = 0;
  let second;
  given.compile = async ({ folder: build }) => {
    compiles += 1;
    second = obtainV8({ ...given, say: (line) => said.emit('line', line) });
    const [line] = await once(said, 'line');
    assert.match(line, /being compiled by process \d+; waiting/);
    return write(join(build, 'librusty_v8.a'), 'compiled');
  };
  const first = await obtainV8(given);
  assert.deepEqual(await second, first);
  assert.equal(compiles, 1);
});
