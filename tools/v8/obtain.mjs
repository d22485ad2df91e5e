/**
 * Where V8 comes from: `RUSTY_V8_ARCHIVE`, then the folder `ISOLANE_V8_MIRROR`, then the cache, then a compile
 * that fills the cache. As a command it prints the variables that cargo needs.
 */
import { realpathSync } from 'node:fs';
import { mkdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pack } from './archive.mjs';
import { runAsCommand } from './command.mjs';
import { archiveName, identify } from './identity.mjs';
import { Lock } from './lock.mjs';
import { compileV8 } from './source.mjs';
import { Damaged, isFile, Store } from './store.mjs';
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
  say = (line) => process.stderr.write(`${line}\n`),
  identity,
  compile = compileV8,
} = {}) {
  const given = await givenArchive(env, cwd);
  if (given) return { RUSTY_V8_ARCHIVE: given };
  const wanted = identity ?? (await identify(root, env));
  const name = archiveName(wanted);
  const mirrored = await fromMirror(name, { env, cwd, root, say });
  if (mirrored) return { RUSTY_V8_ARCHIVE: mirrored };
  if (PUBLISHED.test(wanted.target)) return {};

  const cache = new Store(cacheFolder(env));
  const archive =
    (await fromCache(cache, name, say)) ?? (await fromSource(cache, name, { wanted, root, env, say, compile }));
  return { RUSTY_V8_ARCHIVE: archive };
}

/** Where archives made on this machine are kept. */
export function cacheFolder(env, platform = process.platform) {
  const system = platform === 'darwin' ? 'Library/Caches' : '.cache';
  return join(env.XDG_CACHE_HOME || join(homedir(), system), 'isolane', 'v8');
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

async function fromCache(cache, name, say) {
  try {
    return await cache.find(name);
  } catch (error) {
    if (!(error instanceof Damaged)) throw error;
    say(`warning: ${error.message}; it is made again`);
    return undefined;
  }
}

async function fromSource(cache, name, { wanted, root, env, say, compile }) {
  const { version, target } = wanted;
  if (!COMPILED.test(target)) {
    throw new Unavailable(`V8 cannot be compiled for ${target} here; set RUSTY_V8_ARCHIVE to a static library`);
  }
  const folder = join(cache.folder, `build-${version}-${target}`);
  await mkdir(cache.folder, { recursive: true });
  const lock = await Lock.acquire(`${folder}.lock`, {
    onWait: (pid) => say(`V8 ${version} is being compiled by process ${pid}; waiting for it`),
  });
  try {
    const made = await fromCache(cache, name, say);
    if (made) return made;
    const log = `${folder}.log`;
    say(`V8 ${version}: compiling from source, once; log: ${log}`);
    const library = await compile({ ...wanted, root, folder, log, env, say });
    const archive = await cache.put(name, (path) => pack(library, path));
    await rm(folder, { recursive: true, force: true });
    return archive;
  } finally {
    await lock.release();
  }
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
