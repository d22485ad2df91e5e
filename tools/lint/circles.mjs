/**
 * Checks that no Rust file uses, directly or through others, a file that uses it, and that the rooms of `src`
 * use each other in one direction only.
 *
 *     node tools/lint/circles.mjs [FOLDER]
 *
 * Prints what breaks a rule, with the lines that do, and exits with 1 if anything does.
 */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCrate } from './rust-modules.mjs';

/** What each room may use: `face → pool → { scheduler, workflows, store, isolate, metrics }`. */
const ROOMS = {
  face: ['pool', 'scheduler', 'workflows', 'store', 'isolate', 'metrics'],
  pool: ['scheduler', 'workflows', 'store', 'isolate', 'metrics'],
  scheduler: [],
  workflows: [],
  store: [],
  isolate: [],
  metrics: [],
};

/** Crates that only one room knows. */
const FOREIGN = [
  { crate: /^napi(_derive)?$/, room: 'face' },
  { crate: /^(rustyscript|v8|deno_\w+)$/, room: 'isolate' },
  { crate: /^rusqlite$/, room: 'store' },
];

/**
 * @param {string} folder of the crate's sources
 * @returns {string[]} what breaks a rule, one paragraph each
 */
export function check(folder) {
  const { files, edges, foreign } = readCrate(folder);
  return [...circles(files, edges).map(describe), ...directions(edges), ...strangers(foreign)];
}

/** Returns the edges inside each strongly connected component of more than one file. */
export function circles(files, edges) {
  const components = stronglyConnected(files, edges).filter(({ length }) => length > 1);
  return components.map((component) => {
    const inside = new Set(component);
    return edges.filter(({ from, to }) => inside.has(from) && inside.has(to));
  });
}

function describe(edges) {
  const count = new Set(edges.map(({ from }) => from)).size;
  // One line for each pair of files: the first that makes the edge.
  const lines = new Map();
  for (const { from, to, line, path } of edges) {
    if (!lines.has(`${from} ${to}`)) lines.set(`${from} ${to}`, `    ${from}:${line} → ${to}  ${path}`);
  }
  return [`a circle of ${count} files:`, ...lines.values()].join('\n');
}

function directions(edges) {
  const crossing = edges.map((edge) => ({ ...edge, room: roomOf(edge.from), used: roomOf(edge.to) }));
  const wrong = crossing.filter(({ room, used }) => room && used && room !== used && !ROOMS[room]?.includes(used));
  return wrong.map(({ from, line, path, room, used }) => `${from}:${line} ${path}: ${room} must not use ${used}`);
}

function strangers(foreign) {
  return foreign.flatMap(({ file, line, crate }) => {
    const rule = FOREIGN.find((candidate) => candidate.crate.test(crate));
    return rule && roomOf(file) !== rule.room ? [`${file}:${line} only ${rule.room} may use ${crate}`] : [];
  });
}

/** The room of a file; none for `lib.rs`. */
function roomOf(file) {
  return file.includes('/') ? file.split('/')[0] : undefined;
}

/** Tarjan, "Depth-first search and linear graph algorithms" (1972). */
function stronglyConnected(files, edges) {
  const uses = new Map(files.map((file) => [file, new Set()]));
  for (const { from, to } of edges) uses.get(from).add(to);
  const index = new Map();
  const low = new Map();
  const stack = [];
  const components = [];
  const visit = (file) => {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    for (const used of uses.get(file)) {
      if (!index.has(used)) visit(used);
      if (stack.includes(used)) low.set(file, Math.min(low.get(file), low.get(used)));
    }
    if (low.get(file) === index.get(file)) components.push(stack.splice(stack.indexOf(file)));
  };
  for (const file of files) if (!index.has(file)) visit(file);
  return components;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = resolve(process.argv[2] ?? fileURLToPath(new URL('../../src', import.meta.url)));
  const broken = check(folder);
  for (const paragraph of broken) console.log(paragraph);
  process.exitCode = broken.length > 0 ? 1 : 0;
}
