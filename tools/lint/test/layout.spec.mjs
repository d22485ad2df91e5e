// The drawing of the folders is held against the folders.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { check } from '../layout.mjs';

/** A repository with these folders, and this drawing. */
async function repository(t, folders, drawing, files = []) {
  const root = await mkdtemp(join(tmpdir(), 'isolane-layout-'));
  t.after(() => rm(root, { recursive: true }));
  for (const folder of folders) await mkdir(join(root, folder), { recursive: true });
  for (const file of files) await writeFile(join(root, file), '');
  await writeFile(join(root, 'ARCHITECTURE.md'), `# A\n\n\`\`\`text\n${drawing}\n\`\`\`\n`);
  return root;
}

const DRAWING = ['lib/        Node', '    pool/   tasks', 'src/        Rust', 'tests/ bench/   others'].join('\n');

test('a drawing of the folders that there are passes', async (t) => {
  assert.deepEqual(check(await repository(t, ['lib/pool', 'src'], DRAWING)), []);
});

test('a folder that is not drawn is named, and one that is not there', async (t) => {
  const root = await repository(t, ['lib/values', 'src/face'], DRAWING);
  assert.deepEqual(check(root), [
    'lib/pool is drawn and not there',
    'lib/values is there and not drawn',
    'src/face is there and not drawn',
  ]);
});

test('a folder with too many files is named', async (t) => {
  const files = Array.from({ length: 15 }, (_, i) => `src/${i}.rs`);
  const [fault] = check(await repository(t, ['lib/pool', 'src'], DRAWING, files));
  assert.match(fault, /^src holds 15 files/);
});
