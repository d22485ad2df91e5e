'use strict';

// The packed packages, installed as users do: with each package manager, on each version of Node, without Rust. And
// what the message says that helps does help.

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const fs = require('node:fs');
const { tmpdir } = require('node:os');
const path = require('node:path');
const { after, before } = require('node:test');
const { promisify } = require('node:util');
const { fileOf, packageOf, PLATFORMS, platformOf } = require('../../lib/native/platforms.js');
const { version } = require('../../package.json');
const { ROOT } = require('../support/child.js');
const { NODE_MAJORS, nodeOf, npmTool, skipNodes } = require('../support/npm-tool.js');
const { startRegistry } = require('../support/registry.js');
const { test } = require('../support/test.js');

const run = promisify(execFile);
const platform = platformOf(process);
const options = { skip: skipNodes, timeout: 300_000 };

/** `add` installs a package, `omit` leaves its optional dependencies out. */
const MANAGERS = {
  'npm 10': { name: 'npm', tool: ['npm', '10', 'bin/npm-cli.js'], add: 'install', omit: '--omit=optional' },
  'npm 11': { name: 'npm', tool: ['npm', '11', 'bin/npm-cli.js'], add: 'install', omit: '--omit=optional' },
  'pnpm 10': { name: 'pnpm', tool: ['pnpm', '10', 'bin/pnpm.cjs'], add: 'add', omit: '--no-optional' },
  'pnpm 12': { name: 'pnpm', tool: ['pnpm', '12', 'bin/pnpm.mjs'], add: 'add', omit: '--no-optional' },
  'yarn 1': { name: 'yarn', tool: ['yarn', '1', 'bin/yarn.js'], add: 'add', omit: '--ignore-optional' },
  'yarn 4': { name: 'yarn', tool: ['@yarnpkg/cli-dist', '4', 'bin/yarn.js'], add: 'add' },
  'yarn 4 with PnP': { name: 'yarn', tool: ['@yarnpkg/cli-dist', '4', 'bin/yarn.js'], add: 'add', linker: 'pnp' },
};

let root;
let tarball;
let registry;
let settings;

before(
  async () => {
    if (skipNodes) return;
    root = fs.mkdtempSync(path.join(fs.realpathSync(tmpdir()), 'isolane-install-'));
    const { stdout } = await run(process.execPath, [path.join(ROOT, 'tools/pack/pack.mjs'), '--out', root]);
    const [main, native] = stdout.trim().split('\n');
    tarball = main;
    const { platformManifest } = await import('../../tools/pack/manifest.mjs');
    registry = await startRegistry(PLATFORMS.map(platformManifest), { [packageOf(platform)]: native });
    const said = async (key) => (await run('npm', ['config', 'get', key], { cwd: ROOT })).stdout.trim();
    settings = { registry: await said('registry'), cafile: await said('cafile') };
  },
  { timeout: 300_000 },
);

after(() => {
  registry?.close();
  if (root) fs.rmSync(root, { recursive: true, force: true });
});

for (const [name, manager] of Object.entries(MANAGERS)) {
  test(`isolane installs and works with ${name}, and its message helps`, options, async (t) => {
    const project = await Project.create(t, manager);
    if (manager.omit) {
      await project.run(manager.name, manager.add, manager.omit, project.isolane);
      await project.mends(/left optional dependencies out/);
    } else {
      await project.run(manager.name, manager.add, project.isolane);
      await project.works();
    }
    assert.deepEqual(project.platforms(), [platform.name]);
    fs.rmSync(path.join(project.platformFolder(), fileOf(platform)));
    const message = await project.mends(/is damaged/);
    assert.match(message, new RegExp(`tried ${packageOf(platform)}: there is no file .*\\.node$`, 'm'));
  });
}

test('what npm left out of its lock file comes back', options, async (t) => {
  const project = await Project.create(t, MANAGERS['npm 11']);
  await project.run('npm', 'install', project.isolane);
  for (const file of ['package-lock.json', 'node_modules/.package-lock.json']) {
    const lock = JSON.parse(project.read(file));
    delete lock.packages[`node_modules/${packageOf(platform)}`];
    project.write(file, JSON.stringify(lock));
  }
  fs.rmSync(project.platformFolder(), { recursive: true });
  await project.mends(/left @isolane\/\S+ out of package-lock\.json/);
});

for (const [name, other] of Object.entries({
  'pnpm 10': { 'pnpm-workspace.yaml': 'supportedArchitectures:\n  os: [darwin]\n  cpu: [arm64]\n' },
  'pnpm 12': { 'pnpm-workspace.yaml': 'supportedArchitectures:\n  os: [darwin]\n  cpu: [arm64]\n' },
  'yarn 4': { '.yarnrc.yml': 'supportedArchitectures: { os: [darwin], cpu: [arm64] }\n' },
})) {
  test(`what ${name} installed for another platform is mended`, options, async (t) => {
    const project = await Project.create(t, MANAGERS[name], other);
    await project.run(MANAGERS[name].name, 'add', project.isolane);
    assert.deepEqual(project.platforms(), ['darwin-arm64']);
    await project.mends(/installed for darwin-arm64/);
  });
}

for (const major of NODE_MAJORS) {
  test(`isolane installs and works on Node ${major}`, options, async (t) => {
    const project = await Project.create(t, MANAGERS['npm 11'], {}, await nodeOf(major));
    await project.run('npm', 'install', project.isolane);
    await project.works();
  });
}

/** A folder with its own caches, where programs are found that its package manager needs, and no Rust. */
class Project {
  static async create(t, manager, files = {}, node = process.execPath) {
    const folder = fs.mkdtempSync(path.join(root, 'project-'));
    t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
    const project = new Project(folder, manager);
    project.write('package.json', '{ "name": "app", "private": true }');
    project.write('task.cjs', fs.readFileSync(path.join(__dirname, 'task.cjs')));
    const config = { ...settingsOf(manager, folder) };
    for (const [file, text] of Object.entries(files)) config[file] = (config[file] ?? '') + text;
    for (const [file, text] of Object.entries(config)) project.write(file, text);
    const tool = await npmTool(...manager.tool);
    project.program('node', `exec '${node}' "$@"`);
    project.program(manager.name, `exec '${node}' '${tool}' "$@"`);
    await assert.rejects(project.run('cargo', '--version'), { code: 127 });
    return project;
  }

  constructor(folder, manager) {
    this.folder = folder;
    this.manager = manager;
    // yarn takes a path without a protocol for a name.
    this.isolane = manager.tool[1] === '4' ? `isolane@file:${tarball}` : tarball;
  }

  read(file) {
    return fs.readFileSync(path.join(this.folder, file), 'utf8');
  }

  write(file, text) {
    fs.writeFileSync(path.join(this.folder, file), text);
  }

  program(name, line) {
    const bin = path.join(this.folder, '.bin');
    fs.mkdirSync(bin, { recursive: true });
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }

  /** Runs a command line as a user would type it. */
  async run(...words) {
    const given = Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|INIT_CWD|PATH$)/i.test(name));
    const folders = process.env.PATH.split(path.delimiter).filter((at) => !fs.existsSync(path.join(at, 'cargo')));
    const env = {
      ...Object.fromEntries(given),
      PATH: [path.join(this.folder, '.bin'), ...folders].join(path.delimiter),
      // Nobody is there to be asked, and the lock file is new.
      CI: 'true',
      YARN_ENABLE_IMMUTABLE_INSTALLS: 'false',
    };
    const { stdout } = await run('/bin/sh', ['-c', words.join(' ')], { cwd: this.folder, env });
    return stdout;
  }

  /** What task.cjs says. */
  async said() {
    const start = this.manager.linker === 'pnp' ? ['yarn', 'node'] : ['node'];
    return JSON.parse(await this.run(...start, 'task.cjs'));
  }

  async works() {
    assert.deepEqual(await this.said(), { sum: 2, isOne: true, version });
  }

  /** It does not load, for this reason; what the message says is done; it works. Gives the message. */
  async mends(reason) {
    const { code, moduleCode, message } = await this.said();
    assert.deepEqual([code, moduleCode], ['ERR_NATIVE_LOAD', 'ERR_NATIVE_LOAD'], message);
    assert.match(message, reason);
    await this.run(/what helps: (.*)$/m.exec(message)[1]);
    await this.works();
    return message;
  }

  /** The platforms whose packages were installed. */
  platforms() {
    return this.#packages().map((folder) => path.basename(folder));
  }

  platformFolder() {
    return this.#packages().find((folder) => path.basename(folder) === platform.name);
  }

  #packages() {
    const { name, linker } = this.manager;
    const stores = { pnpm: 'node_modules/.pnpm', pnp: '.yarn/unplugged' };
    const store = path.join(this.folder, stores[linker ?? name] ?? '.');
    const places = name === 'pnpm' || linker === 'pnp' ? fs.readdirSync(store) : ['.'];
    return places.flatMap((place) => {
      const scope = path.join(store, place, 'node_modules', '@isolane');
      const own = fs.existsSync(scope) ? fs.readdirSync(scope) : [];
      // pnpm links them to each other.
      return own.map((entry) => path.join(scope, entry)).filter((folder) => !fs.lstatSync(folder).isSymbolicLink());
    });
  }
}

/** The configuration of a package manager: the registry of this machine, the platforms' from the test's. */
function settingsOf({ linker, name, tool }, folder) {
  const { registry: url, cafile } = settings;
  const hasCafile = cafile && cafile !== 'null' && cafile !== 'undefined';
  if (tool[1] === '4') {
    const lines = [
      `nodeLinker: ${linker ?? 'node-modules'}`,
      'pnpEnableEsmLoader: true',
      `npmRegistryServer: "${url}"`,
      'unsafeHttpWhitelist: ["127.0.0.1", "localhost"]',
      `globalFolder: "${folder}/.cache"`,
      'enableTelemetry: false',
      `npmScopes: { isolane: { npmRegistryServer: "${registry.url}" } }`,
    ];
    if (hasCafile) lines.push(`httpsCaFilePath: "${cafile}"`);
    return { '.yarnrc.yml': `${lines.join('\n')}\n`, 'yarn.lock': '' };
  }
  const lines = [
    `registry=${url}`,
    `@isolane:registry=${registry.url}`,
    'audit=false',
    'fund=false',
    'update-notifier=false',
    `cache=${folder}/.cache`,
  ];
  if (hasCafile) lines.push(`cafile=${cafile}`);
  const files = { '.npmrc': `${lines.join('\n')}\n` };
  if (name === 'pnpm') files['pnpm-workspace.yaml'] = `storeDir: ${folder}/.store\ncacheDir: ${folder}/.cache\n`;
  if (tool[0] === 'yarn') files['.yarnrc'] = `cache-folder "${folder}/.cache"\ndisable-self-update-check true\n`;
  return files;
}
