/**
 * V8 compiled from the `v8` crate's source for shared objects, in a folder that outlives this process:
 * broken off anywhere, the next run goes on where ninja was.
 */
import { createWriteStream } from 'node:fs';
import { copyFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect, strip } from './archive.mjs';
import { follow, Interrupted } from './command.mjs';
import { Display } from './display.mjs';
import { CARGO_PROFILE, hashOf, LAUNCHER, recipeOf, VARIABLES } from './recipe.mjs';
import { isFile } from './store.mjs';
import { ensureTools, layOut, llvmFolder } from './toolchain.mjs';
import { Unavailable } from './unavailable.mjs';

const TAIL = 40;

// A compile with a precompiled header holds at most about this much.
const MEMORY_PER_JOB = 1.5 * 2 ** 30;

// What would turn the build into another one. NINJA, GN and CLANG_BASE_PATH stay: they name tools.
const FOREIGN =
  /^(RUSTY_V8_\w+|V8_FORCE_DEBUG|CCACHE|DISABLE_CLANG|DENO_TRYBUILD|DOCS_RS|CARGO_BUILD_TARGET|CARGO_TARGET_DIR)$/;

/**
 * Compiles V8 in `folder` and gives the path of the stripped library there.
 *
 * `log` is a file for everything that the tools print. Throws `Unavailable` with its last lines.
 */
export async function compileV8({ version, checksum, target, root, folder, log, env, say }) {
  await mkdir(folder, { recursive: true });
  const output = createWriteStream(log, { flags: 'a' });
  const tail = [];
  const onLine = (line) => {
    output.write(`${line}\n`);
    tail.push(line);
    if (tail.length > TAIL) tail.shift();
  };
  try {
    await ensureTools(target, { env, say, onLine });
    const variables = await prepare({ version, checksum, target, root, folder, env, onLine });
    const compiled = await build({ version, root, folder, env: variables, onLine, say });
    const library = join(folder, 'librusty_v8.a');
    await strip(llvmFolder(env), compiled, library, env);
    await inspect(llvmFolder(env), library, env);
    return library;
  } catch (error) {
    if (error instanceof Interrupted) say(`V8 ${version}: ${error.message}; the next run goes on from here`);
    if (!(error instanceof Unavailable)) throw error;
    if (tail.length === 0) throw error;
    const last = tail.map((line) => `  ${line}`).join('\n');
    throw new Unavailable(`${error.message}\nlog: ${log}, its last lines:\n${last}`, { cause: error });
  } finally {
    await new Promise((resolve) => output.end(resolve));
  }
}

/** Makes the scratch package and its tools, and gives the environment to compile in. */
async function prepare({ version, checksum, target, root, folder, env, onLine }) {
  // The build folder names its launcher in thousands of commands: a copy here survives a moved checkout.
  await cp(LAUNCHER, join(folder, 'pch'), { recursive: true });
  const variables = { ...VARIABLES, ...(await layOut(folder, target, { env, onLine })) };
  const stamp = { recipe: hashOf(await recipeOf({ version, checksum, target })), variables };
  await keepOrDrop(join(folder, 'target'), join(folder, 'recipe.json'), `${JSON.stringify(stamp, null, 2)}\n`);

  // `[workspace]` keeps cargo from looking for one in the folders above.
  const manifest = [
    '[package]',
    'name = "v8-from-source"',
    'edition = "2021"',
    '[dependencies]',
    `v8 = "=${version}"`,
    '[workspace]',
  ];
  await mkdir(join(folder, 'src'), { recursive: true });
  await writeFile(join(folder, 'Cargo.toml'), `${manifest.join('\n')}\n`);
  await writeFile(join(folder, 'src/lib.rs'), '');
  // The crate's own dependencies at the versions, and with the checksums, that this project has.
  await copyFile(join(root, 'Cargo.lock'), join(folder, 'Cargo.lock'));

  const own = Object.entries(env).filter(([name]) => !FOREIGN.test(name));
  return { ...Object.fromEntries(own), ...variables };
}

/** ninja goes on with the arguments of the run before; objects of another recipe must not be mixed in. */
async function keepOrDrop(built, stamp, recipe) {
  const before = await readFile(stamp, 'utf8').catch(() => undefined);
  if (before === recipe) return;
  await rm(built, { recursive: true, force: true });
  await writeFile(stamp, recipe);
}

/** Runs the crate's build script and gives the path of the library that it made. */
async function build({ version, root, folder, env, onLine, say }) {
  const memory = Math.min(totalmem(), process.constrainedMemory?.() || Number.POSITIVE_INFINITY);
  const jobs = Math.max(1, Math.min(availableParallelism(), Math.floor(memory / MEMORY_PER_JOB)));
  const display = new Display(`V8 ${version}`, say);
  let linked;
  // `check` runs build scripts all the same, and spares packing the library into a Rust one.
  const args = [
    'check',
    '--profile',
    CARGO_PROFILE,
    '--jobs',
    String(jobs),
    '-vv',
    '--message-format=json-render-diagnostics',
  ];
  args.push('--manifest-path', join(folder, 'Cargo.toml'), '--target-dir', join(folder, 'target'));
  const code = await follow('cargo', args, {
    // cargo's configuration and toolchain are those of this project's folder, not of the cache's.
    cwd: root,
    env,
    onLine: (line) => {
      linked ??= linkedLibrary(line);
      if (line.startsWith('{"reason":')) return;
      onLine(line);
      display.line(line);
    },
  }).finally(() => display.end());
  if (code !== 0) throw new Unavailable(`compiling V8 ${version} failed: cargo ended with code ${code}`);
  if (!linked || !(await isFile(linked))) throw new Unavailable(`compiling V8 ${version} left no librusty_v8.a`);
  return linked;
}

/** Where the build script told cargo to link from; told again by a later run that has nothing to do. */
function linkedLibrary(line) {
  if (!line.startsWith('{"reason":"build-script-executed"')) return undefined;
  const path = JSON.parse(line).linked_paths.find((entry) => dirname(entry).endsWith('gn_out'));
  return path && join(path.replace(/^native=/, ''), 'librusty_v8.a');
}
