// The command line.
import { statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const MAX_WORKERS = 64;

export const HELP = `Renders every README and CHANGELOG of a folder to HTML, on a pool of isolates.

  --workers N   isolates, 1 to ${MAX_WORKERS} (default: one for each core)
  --root DIR    where to look for documents (default: the repository's node_modules)
  --out DIR     where the pages go (default: examples/render-docs/out)
  --help        this text

Exit code: 0 all pages equal plain Node's, 1 a page failed or differs, 2 wrong usage.`;

/** The command line cannot be followed; the message says why. */
export class UsageError extends Error {}

export function parseOptions(args) {
  const { workers, root, out, help } = parse(args);
  if (help) return { help };
  return {
    workers: workers === undefined ? Math.min(availableParallelism(), MAX_WORKERS) : wholeNumber(workers),
    root: existingFolder(root ?? fileURLToPath(new URL('../../node_modules', import.meta.url))),
    out: outputFolder(out ?? fileURLToPath(new URL('./out', import.meta.url))),
  };
}

function parse(args) {
  const string = { type: 'string' };
  try {
    return parseArgs({ args, options: { workers: string, root: string, out: string, help: { type: 'boolean' } } })
      .values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function wholeNumber(text) {
  const n = Number(text);
  if (/^\d+$/.test(text) && n >= 1 && n <= MAX_WORKERS) return n;
  throw new UsageError(`--workers must be a whole number from 1 to ${MAX_WORKERS}, not '${text}'`);
}

function existingFolder(path) {
  if (kind(path) === 'folder') return resolve(path);
  throw new UsageError(`--root must be a folder, and '${path}' is ${kind(path) ?? 'not there'}`);
}

function outputFolder(path) {
  if (kind(path) !== 'a file') return resolve(path);
  throw new UsageError(`--out must be a folder, and '${path}' is a file`);
}

function kind(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return stats.isDirectory() ? 'folder' : 'a file';
}
