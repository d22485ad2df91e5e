// Two commits beside each other: `npm run bench:commits -- <before> [after] [--case NAME …] [--rounds N]`.
// Each is checked out and built in a folder of its own; this working tree's benchmark runs them in paired rounds.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { attach, runAsCommand } from '../tools/v8/command.mjs';
import { number, pairedRatios, spreadOf } from './result.mjs';
import { table } from './table.mjs';
import { verdictOn } from './verdict.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CASES = ['round-trip', 'window', 'burst'];
/** With fewer, chance alone puts all of them on one side too often. */
const ROUNDS = '9';

const HELP = `Usage: npm run bench:commits -- <before> [after] [options]

Builds two commits and runs them against each other. Without <after> it is the working tree.

  --case NAME       may be repeated (default ${CASES.join(', ')})
  --rounds N        paired rounds (default ${ROUNDS}; from 6 on there is a verdict)
  --profile NAME    cargo profile of both (default release; quick links in seconds)
  --quick           a few tasks a round: proves that it runs`;

function fail(message) {
  console.error(`bench: ${message}\n\n${HELP}`);
  process.exit(2);
}

const git = (...args) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();

function shaOf(commit) {
  try {
    return git('rev-parse', '--verify', '--quiet', `${commit}^{commit}`);
  } catch {
    return fail(`there is no commit '${commit}'`);
  }
}

function readArguments() {
  let parsed;
  try {
    parsed = parseArgs({
      options: {
        case: { type: 'string', multiple: true, default: CASES },
        rounds: { type: 'string', default: ROUNDS },
        profile: { type: 'string', default: 'release' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    });
  } catch (error) {
    fail(error.message);
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  if (positionals.length < 1 || positionals.length > 2) fail('one or two commits are needed');
  const [before, after] = positionals.map(shaOf);
  return { ...values, before, after };
}

/**
 * Where commits are checked out: the same folder each time, because cargo knows a crate by its path, and another
 * one would leave its artifacts in the target folder for ever.
 */
const FOLDER = join(tmpdir(), `isolane-commits-${createHash('sha256').update(ROOT).digest('hex').slice(0, 8)}`);

/** A commit in a folder of its own. */
class Checkout {
  constructor(name, sha) {
    this.sha = sha;
    this.folder = join(FOLDER, name);
  }

  add() {
    this.remove();
    git('worktree', 'add', '--detach', this.folder, this.sha);
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'), 'dir');
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true });
    git('worktree', 'prune');
  }
}

/** The dependencies are those of the working tree, compiled once for all: they share its target folder. */
async function build(folder, profile) {
  const env = { ...process.env, CARGO_TARGET_DIR: process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target') };
  const code = await attach(process.execPath, [join(folder, 'tools', 'build.mjs'), '--profile', profile], {
    cwd: folder,
    env,
  });
  if (code !== 0) throw new Error(`${folder} could not be built (${code})`);
}

function report({ cases }) {
  const rows = Object.values(cases).flatMap(({ name, unit, runs }) =>
    Object.keys(unit).map((figure) => {
      const medianOf = (contender) =>
        spreadOf(runs.filter((run) => run.contender === contender && run.figures).map((run) => run.figures[figure]))
          ?.median;
      const ratios = pairedRatios(runs, figure, 'isolane', 'isolane-before');
      const ratio = spreadOf(ratios);
      return [
        `${name}: ${figure}, ${unit[figure]}`,
        number(medianOf('isolane-before')),
        number(medianOf('isolane')),
        number(ratio?.median),
        ratio ? `${number(ratio.min)} … ${number(ratio.max)}` : '–',
        verdictOn(unit[figure], ratios),
      ];
    }),
  );
  return table(['figure', 'before', 'after', 'ratio', 'spread', 'verdict'], rows);
}

const { before, after, case: cases, rounds, profile, quick } = readArguments();
const checkouts = [new Checkout('before', before), ...(after ? [new Checkout('after', after)] : [])];
const [old, recent] = checkouts;

await runAsCommand(async () => {
  try {
    for (const checkout of checkouts) {
      checkout.add();
      await build(checkout.folder, profile);
    }
    // Last, so that the addon in the target folder is that of the working tree, as it was.
    if (!recent) await build(ROOT, profile);

    mkdirSync(join(ROOT, 'bench', 'results'), { recursive: true });
    const json = join(ROOT, 'bench', 'results', 'commits.json');
    const wanted = cases.flatMap((name) => ['--case', name]);
    const both = ['--contender', 'isolane', '--contender', 'isolane-before'];
    const args = ['--rounds', rounds, ...wanted, ...both, '--json', json, ...(quick ? ['--quick'] : [])];
    const env = { ...process.env, ISOLANE_BEFORE: old.folder, ...(recent ? { ISOLANE_AFTER: recent.folder } : {}) };
    const code = await attach(process.execPath, [join(ROOT, 'bench', 'run.mjs'), ...args], { cwd: ROOT, env });

    const named = (commit) => git('log', '-1', '--format=%h %s', commit);
    console.log(`\nbefore: ${named(before)}\nafter:  ${after ? named(after) : 'working tree'}\n`);
    console.log(report(JSON.parse(readFileSync(json, 'utf8'))));
    return code;
  } finally {
    for (const checkout of checkouts) checkout.remove();
    rmSync(FOLDER, { recursive: true, force: true });
  }
});
