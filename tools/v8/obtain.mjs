/**
 * Where V8 comes from: `RUSTY_V8_ARCHIVE`, then the folder `ISOLANE_V8_MIRROR`, then the cache, then the library
 * that comes with this checkout, then a compile. The last two fill the cache. As a command it prints the variables
 * that cargo needs.
 */
import { realpathSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from './archive.mjs';
import { Cache } from './cache.mjs';
import { runAsCommand } from './command.mjs';
import { archiveName, identify, libraryName } from './identity.mjs';
import { PREBUILT, Prebuilt } from './prebuilt.mjs';
import { hashOf, recipeOf } from './recipe.mjs';
import { compileV8 } from './source.mjs';
import { isFile, Store } from './store.mjs';
import { Unavailable } from './unavailable.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

// Elsewhere the archive that the `v8` crate's authors publish links into a shared object.
const PUBLISHED = /-apple-darwin$|-pc-windows-msvc$/;
const COMPILED = /^(x86_64|aarch64)-unknown-linux-gnu$/;

/**
 * Gives the environment variables with which cargo links the right V8.
 *
 * The options replace what a test must not use. Throws `Unavailable` when there is no V8 to be had.
 */
export async function obtainV8({
  env = process.env,
  cwd = process.cwd(),
  root = ROOT,
  prebuilt = PREBUILT,
  say = (line) => process.stderr.write(`${line}\n`),
  identity,
  compile = compileV8,
} = {}) {
  const given = await givenArchive(env, cwd);
  if (given) return { RUSTY_V8_ARCHIVE: given };
  const wanted = identity ?? (await identify(root, env));
  const compiledOnly = /^(1|true|yes)$/.test(env.ISOLANE_V8_FROM_SOURCE ?? '');
  if (!compiledOnly) {
    const mirrored = await fromMirror(archiveName(wanted), { env, cwd, root, say });
    if (mirrored) return { RUSTY_V8_ARCHIVE: mirrored };
    if (PUBLISHED.test(wanted.target)) return {};
  }

  const recipe = hashOf(await recipeOf(wanted));
  const cache = new Cache(env, recipe, say);
  const packed = compiledOnly ? undefined : await fittingPrebuilt(wanted, recipe, prebuilt, say);
  const archive =
    (await unpackedBefore(cache, wanted, packed)) ??
    (await cache.find(archiveName(wanted))) ??
    (await fromPrebuilt(cache, wanted, packed, say)) ??
    (await fromSource(cache, wanted, { root, env, say, compile }));
  return { RUSTY_V8_ARCHIVE: archive };
}

async function givenArchive(env, cwd) {
  const value = env.RUSTY_V8_ARCHIVE;
  if (!value) return undefined;
  const path = resolve(cwd, value);
  if (!(await isFile(path))) throw new Unavailable(`RUSTY_V8_ARCHIVE is not a file: ${value}`);
  return path;
}

async function fromMirror(name, { env, cwd, root, say }) {
  const value = env.ISOLANE_V8_MIRROR;
  if (!value) return undefined;
  // npm scripts run in the root, so a path written for it must hold from any folder below.
  const folders = [...new Set([resolve(cwd, value), resolve(root, value)])];
  const folder = await first(folders, isFolder);
  if (!folder) {
    say(`warning: ISOLANE_V8_MIRROR is not a folder: ${value}`);
    return undefined;
  }
  const path = await new Store(folder).find(name);
  if (!path) say(`warning: ISOLANE_V8_MIRROR (${folder}) does not hold ${name}`);
  return path;
}

/** The prebuilt library, unless the recipe was changed after it was made. */
async function fittingPrebuilt(wanted, recipe, folder, say) {
  const prebuilt = await Prebuilt.find(wanted, folder);
  if (!prebuilt || prebuilt.record.recipeHash === recipe) return prebuilt;
  say(`warning: ${prebuilt.packed} was made with another recipe than this checkout has; it is not used`);
  return undefined;
}

async function unpackedBefore(cache, wanted, prebuilt) {
  return prebuilt && (await cache.find(libraryName(wanted), prebuilt.record.unpacked.sha256));
}

async function fromPrebuilt(cache, wanted, prebuilt, say) {
  if (!prebuilt) return undefined;
  const onWait = (pid) => say(`V8 ${wanted.version} is being unpacked by process ${pid}; waiting for it`);
  const name = libraryName(wanted);
  return cache.exclusively(`unpack-${wanted.version}-${wanted.target}`, { onWait, interval: 50 }, async () => {
    const unpacked = await unpackedBefore(cache, wanted, prebuilt);
    return unpacked ?? (await cache.store.place(name, (path) => prebuilt.unpack(path)));
  });
}

async function fromSource(cache, wanted, { root, env, say, compile }) {
  const { version, target } = wanted;
  if (!COMPILED.test(target)) {
    throw new Unavailable(`V8 cannot be compiled for ${target} here; set RUSTY_V8_ARCHIVE to a static library`);
  }
  const onWait = (pid) => say(`V8 ${version} is being compiled by process ${pid}; waiting for it`);
  const build = `build-${version}-${target}`;
  const name = archiveName(wanted);
  return cache.exclusively(build, { onWait }, async () => {
    const made = await cache.find(name);
    if (made) return made;
    const folder = join(cache.folder, build);
    const log = `${folder}.log`;
    say(`V8 ${version}: compiling from source, once; log: ${log}`);
    const library = await compile({ ...wanted, root, folder, log, env, say });
    const archive = await cache.store.put(name, (path) => pack(library, path));
    await rm(folder, { recursive: true, force: true });
    return archive;
  });
}

async function first(values, holds) {
  for (const value of values) if (await holds(value)) return value;
  return undefined;
}

async function isFolder(path) {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() ?? false;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await runAsCommand(async () => {
    for (const [name, value] of Object.entries(await obtainV8())) console.log(`${name}=${value}`);
  });
}
