/**
 * Checks that the drawing in ARCHITECTURE.md has the folders that there are, and that no folder of `lib` or `src`
 * holds more files than a reader takes in at a glance.
 *
 *     node tools/lint/layout.mjs [FOLDER]
 *
 * Prints what differs and exits with 1 if anything does.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders that the drawing shows with all that is in them. */
const ROOTS = ['lib', 'src'];

/** What a folder may hold, a Rust room's `mod.rs` not counted: it declares and nothing else. */
const MOST_FILES = 14;

/**
 * @param {string} root of the repository
 * @returns {string[]} what differs, a line each
 */
export function check(root) {
  const drawn = new Set(drawing(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')));
  const found = new Map(ROOTS.flatMap((folder) => folders(root, folder)));
  return [
    ...[...drawn].filter((path) => isBelow(path) && !found.has(path)).map((path) => `${path} is drawn and not there`),
    ...[...found.keys()].filter((path) => !drawn.has(path)).map((path) => `${path} is there and not drawn`),
    ...[...found]
      .filter(([, files]) => files > MOST_FILES)
      .map(([path, files]) => `${path} holds ${files} files, and ${MOST_FILES} are the most: give it folders`),
  ];
}

const isBelow = (path) => ROOTS.some((root) => path === root || path.startsWith(`${root}/`));

/**
 * The folders in the first block of text, by their indentation: four spaces a level.
 * @param {string} markdown
 */
function drawing(markdown) {
  const [, block] = /```text\n([\s\S]*?)```/.exec(markdown);
  const path = [];
  return block.split('\n').flatMap((line) => {
    const [, indentation, names] = /^( *)((?:[\w.-]+\/ ?)+) /.exec(line) ?? [];
    if (names === undefined) return [];
    path.length = indentation.length / 4;
    const here = names.trim().split(' ');
    if (here.length === 1) path.push(here[0].slice(0, -1));
    return here.map((name) => [...path.slice(0, indentation.length / 4), name.slice(0, -1)].join('/'));
  });
}

/** Each folder below `folder`, itself included, and how many files it holds. */
function folders(root, folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'mod.rs').length;
  const below = entries.filter((entry) => entry.isDirectory());
  return [[folder, files], ...below.flatMap(({ name }) => folders(root, `${folder}/${name}`))];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = check(resolve(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url))));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
}
