import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const namesIn = (folder) =>
  readdirSync(here(folder))
    .filter((file) => file.endsWith('.mjs'))
    .map((file) => file.slice(0, -'.mjs'.length))
    .sort();

const CASES = namesIn('cases');
const CONTENDERS = namesIn('contenders').filter((name) => name !== 'isolane-before' || process.env.ISOLANE_BEFORE);

const HELP = `Usage: npm run bench -- [options]

Runs isolane beside other pools, each round in a fresh process, and compares them.

  --quick             a few tasks and one round: proves that it runs, says nothing about speed
  --rounds N          rounds of each case (default 5)
  --case NAME         only this case; may be repeated: ${CASES.join(', ')}
  --contender NAME    only this contender; may be repeated:
                      ${CONTENDERS.join(', ')}
  --json PATH         where the result goes (default bench/results/latest.json, or quick.json)
  --help              this text

ISOLANE_BEFORE is the folder of another built checkout: 'isolane-before' runs it, and ratios are to it.`;

function fail(message) {
  console.error(`bench: ${message}\nTry: npm run bench -- --help`);
  process.exit(2);
}

function pick(flag, all, wanted) {
  const unknown = wanted?.find((name) => !all.includes(name));
  if (unknown !== undefined) fail(`${flag}: no '${unknown}'; there are: ${all.join(', ')}`);
  return wanted ? all.filter((name) => wanted.includes(name)) : all;
}

/** What the command line asks for; ends the process for `--help` and for a flag that is wrong. */
export function readOptions(args) {
  let flags;
  try {
    flags = parseArgs({
      args,
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        case: { type: 'string', multiple: true },
        contender: { type: 'string', multiple: true },
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    fail(error.message);
  }
  if (flags.help) {
    console.log(HELP);
    process.exit(0);
  }
  const rounds = flags.rounds ?? (flags.quick ? '1' : '5');
  if (!/^[1-9]\d{0,3}$/.test(rounds)) fail(`--rounds: '${rounds}' is not a whole number from 1 to 9999`);
  if (flags.json === '') fail('--json: the path is empty');
  return {
    quick: flags.quick,
    rounds: Number(rounds),
    cases: pick('--case', CASES, flags.case),
    contenders: pick('--contender', CONTENDERS, flags.contender),
    json: flags.json ? resolve(flags.json) : here(`results/${flags.quick ? 'quick' : 'latest'}.json`),
  };
}
