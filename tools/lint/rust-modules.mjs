/**
 * Builds the graph of a crate: which file uses which, by module declarations, `use` and inline paths.
 *
 * A path counts for the file of the last module in it; the modules before that are only its address.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { readSource } from './rust-source.mjs';

const ROOT = 'lib.rs';

/**
 * @param {string} folder of the crate's sources, with `lib.rs` in it
 * @returns {{ files: string[], edges: Edge[], foreign: Array<{ file: string, line: number, crate: string }> }}
 * @typedef {{ from: string, to: string, line: number, path: string }} Edge
 */
export function readCrate(folder) {
  const files = readdirSync(folder, { recursive: true }).map((file) => file.split(sep).join('/'));
  const sources = files.filter((file) => file.endsWith('.rs')).sort();
  if (!sources.includes(ROOT)) throw new Error(`there is no ${ROOT} in ${folder}`);
  const modules = readModules(folder, sources);
  const read = new Set([...modules.values()].map(({ file }) => file));
  const lost = sources.filter((file) => !read.has(file));
  if (lost.length > 0) throw new Error(`no module declares ${lost.join(', ')}`);

  const edges = [];
  const foreign = [];
  for (const module of modules.values()) {
    const { file } = module;
    for (const { segments, line } of module.declared) {
      edges.push({
        from: file,
        to: modules.get(key([...module.path, ...segments])).file,
        line,
        path: `mod ${segments}`,
      });
    }
    for (const { segments, line } of [...module.uses, ...module.paths]) {
      const { targets, crate } = resolve(modules, module, segments);
      for (const to of targets) if (to !== file) edges.push({ from: file, to, line, path: segments.join('::') });
      if (crate) foreign.push({ file, line, crate });
    }
  }
  return { files: sources, edges, foreign };
}

/** Reads all modules from the root on, by their paths. */
function readModules(folder, sources) {
  const modules = new Map();
  const visit = (file, path) => {
    const scopes = readSource(readFileSync(join(folder, file), 'utf8'));
    for (const scope of scopes) {
      const own = [...path, ...scope.path];
      modules.set(key(own), { file, path: own, uses: scope.uses, paths: scope.paths, declared: scope.modules });
    }
    for (const scope of scopes) {
      for (const { segments, line } of scope.modules) {
        const child = [...path, ...scope.path, ...segments];
        const candidates = [`${child.join('/')}.rs`, `${child.join('/')}/mod.rs`];
        const found = candidates.find((candidate) => sources.includes(candidate));
        if (!found) throw new Error(`${file}:${line} declares ${child.join('::')}, which has no file`);
        visit(found, child);
      }
    }
  };
  visit(ROOT, []);
  return modules;
}

/** Returns the files that a path names, and the crate if it leaves this one. */
function resolve(modules, from, segments, seen = new Set()) {
  const [first, ...rest] = segments;
  if (first === 'crate') return walk(modules, modules.get(''), rest, seen);
  if (first === 'self') return walk(modules, from, rest, seen);
  if (first === 'super') {
    let module = from.path;
    let names = segments;
    for (; names[0] === 'super'; names = names.slice(1)) module = module.slice(0, -1);
    return walk(modules, modules.get(key(module)), names, seen);
  }
  if (modules.has(key([...from.path, first]))) return walk(modules, from, segments, seen);
  return imported(modules, from, segments, seen) ?? { targets: [], crate: first };
}

/** Follows a path from a module as far as it names modules. */
function walk(modules, start, segments, seen) {
  let module = start;
  let names = segments;
  while (names.length > 0) {
    const child = modules.get(key([...module.path, names[0]]));
    if (!child) break;
    module = child;
    names = names.slice(1);
  }
  const targets = [module.file];
  // A re-exported module goes on somewhere else; anything else that is re-exported is that file's own business.
  const next = names.length > 1 ? imported(modules, module, names, seen) : undefined;
  return { targets: [...targets, ...(next?.targets ?? [])] };
}

/** Resolves a path whose first name is imported by a `use` of the module. */
function imported(modules, module, segments, seen) {
  const [first, ...rest] = segments;
  const use = module.uses.find(({ name, glob }) => name === first && !glob);
  const mark = `${key(module.path)} ${first}`;
  if (!use || seen.has(mark)) return undefined;
  return resolve(modules, module, [...use.segments, ...rest], new Set([...seen, mark]));
}

function key(path) {
  return path.join('::');
}
