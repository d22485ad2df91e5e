/** The crates that are linked into the addon, with their licenses. */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { identify } from '../v8/identity.mjs';
import { Unavailable } from '../v8/unavailable.mjs';

const LICENCE_FILE = /^(licen[cs]e|copying|notice|unlicense|copyright)/i;

/** Taken where a crate lets choose and has no license file itself, first one first. */
const STANDARD = ['MIT', 'Apache-2.0', 'BSD-3-Clause', 'BSD-2-Clause'];

/** Of a license; what is shorter only names one. */
const SHORTEST = 400;

/**
 * The crates below isolane that the compiler links for this machine, by name and version.
 *
 * @returns {Promise<Array<{ name: string, version: string, license: string, authors: string[], folder: string,
 *   repository?: string }>>}
 */
export async function linkedCrates(root) {
  const { target } = await identify(root, process.env);
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', target];
  const { stdout } = await promisify(execFile)('cargo', args, { cwd: root, maxBuffer: 1 << 28 }).catch((error) => {
    throw new Unavailable(`cargo metadata failed: ${error.stderr || error.message}`);
  });
  const { packages, resolve } = JSON.parse(stdout);
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  const linked = new Set();
  const walk = (id) => {
    if (linked.has(id)) return;
    linked.add(id);
    // The others are for builds and tests.
    for (const { pkg, dep_kinds } of nodes.get(id).deps) if (dep_kinds.some(({ kind }) => kind === null)) walk(pkg);
  };
  walk(resolve.root);
  linked.delete(resolve.root);
  return packages
    .filter(({ id }) => linked.has(id))
    .map(({ manifest_path, ...crate }) => ({ ...crate, folder: dirname(manifest_path) }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/**
 * The license texts of a crate: its own files, or the standard text of what it declares.
 *
 * @param {(id: string) => Promise<string>} standardText - by SPDX identifier
 * @returns {Promise<string[]>}
 * @throws {Unavailable} where there is neither
 */
export async function textsOf({ name, version, license, license_file, authors, folder }, standardText) {
  const files = (await readdir(folder, { withFileTypes: true })).filter((entry) => LICENCE_FILE.test(entry.name));
  const paths = [];
  for (const entry of files) {
    if (entry.isFile()) paths.push(join(folder, entry.name));
    else for (const file of await readdir(join(folder, entry.name))) paths.push(join(folder, entry.name, file));
  }
  if (paths.length === 0 && license_file) paths.push(join(folder, license_file));
  const own = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  if (own.some((text) => text.length >= SHORTEST)) return own;

  const id = STANDARD.find((id) => (license ?? '').split(/[\s/()]+/).includes(id));
  if (id === undefined) throw new Unavailable(`the crate ${name} ${version} (${license}) has no license text`);
  const text = await standardText(id);
  if (id === 'Apache-2.0') return [...own, text];
  const holders = authors.length > 0 ? authors.join(', ') : `the authors of ${name}`;
  return [...own, `Copyright (c) ${holders}\n\n${text}`];
}
