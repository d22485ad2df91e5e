/**
 * Counts the instructions of the inner loops in `benches/instructions`, under valgrind: unlike a time, their
 * number is the same on a busy machine.
 *
 *     npm run bench:instructions -- [--case PART] [--profile quick] [--json FILE] [--before FOLDER or FILE]
 *
 * `--before` compares with another checkout, which needs the same benches, or with what `--json` has saved.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { targetVariable } from './target.mjs';
import { capture, runAsCommand, which } from './v8/command.mjs';
import { obtainV8 } from './v8/obtain.mjs';
import { Unavailable } from './v8/unavailable.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const USAGE =
  'usage: npm run bench:instructions -- [--case PART] [--profile NAME] [--json FILE] [--before FOLDER or FILE]';

await runAsCommand(async () => {
  const options = chosen();
  const valgrind = which('valgrind', process.env);
  if (!valgrind) throw new Unavailable('valgrind is not on PATH; install it, on Debian with apt-get install valgrind');
  const env = { ...(await targetVariable()), ...process.env, ...(await obtainV8()) };
  const countIn = async (folder) => await count(await build(folder, options.profile, env), options.case, valgrind);
  const before = options.before && (await saved(resolve(options.before), countIn));
  const now = await countIn(ROOT);
  if (Object.keys(now).length === 0) throw new Unavailable(`no case has ${options.case} in its name`);
  print(now, before);
  if (options.json) writeFileSync(options.json, `${JSON.stringify(now, null, 2)}\n`);
});

function chosen() {
  try {
    return parseArgs({
      options: {
        case: { type: 'string', default: '' },
        profile: { type: 'string', default: 'release' },
        json: { type: 'string' },
        before: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new Unavailable(`${error.message}\n${USAGE}`);
  }
}

/** The counts of a file, or of another checkout. */
async function saved(path, countIn) {
  try {
    return statSync(path).isDirectory() ? await countIn(path) : JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    throw new Unavailable(`cannot compare with ${path}: ${error.message}`);
  }
}

/** Builds the program of a checkout and gives its path. */
async function build(folder, profile, env) {
  const args = ['bench', '--bench', 'instructions', '--no-run', '--profile', profile, '--message-format', 'json'];
  const { code, stdout, stderr } = await capture('cargo', args, { cwd: folder, env });
  const lines = stdout.split('\n').filter((line) => line.includes('"executable"'));
  const programs = lines.map((line) => JSON.parse(line)).filter(({ target }) => target?.name === 'instructions');
  const program = programs.at(-1)?.executable;
  if (code !== 0 || !program) throw new Unavailable(`cargo bench failed in ${folder}:\n${stderr}`);
  return program;
}

/** Instructions for each operation, by case. */
async function count(program, part, valgrind) {
  const list = await capture(program, ['--list']);
  const cases = list.stdout.split('\n').filter((name) => name !== '' && name.includes(part));
  const counts = {};
  for (const name of cases) {
    const { code, stdout, stderr } = await capture(valgrind, [
      '--tool=callgrind',
      `--callgrind-out-file=${devNull}`,
      '--collect-atstart=no',
      '--toggle-collect=instructions::measured*',
      // V8 writes machine code anew where it wrote some before.
      '--smc-check=all-non-file',
      program,
      name,
    ]);
    const operations = Number(stdout.trim().split('\t')[1]);
    const collected = Number(/Collected\s*:\s*(\d+)/.exec(stderr)?.[1]);
    if (code !== 0 || !(collected > 0)) throw new Unavailable(`valgrind cannot count "${name}":\n${stderr}`);
    counts[name] = Math.round(collected / operations);
  }
  return counts;
}

function print(now, before) {
  const names = Object.keys(now);
  const width = Math.max(...names.map((name) => name.length));
  const heads = ['instructions', ...(before ? ['before', 'change'] : [])];
  console.log(`${''.padEnd(width)}${heads.map((head) => head.padStart(14)).join('')}`);
  for (const name of names) {
    const figures = [now[name]];
    if (before) figures.push(before[name] ?? '-', before[name] ? percent(now[name] / before[name] - 1) : '-');
    console.log(`${name.padEnd(width)}${figures.map((figure) => String(figure).padStart(14)).join('')}`);
  }
}

function percent(share) {
  return `${share > 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
}
