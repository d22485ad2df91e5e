'use strict';

// Where the addon is looked for, and what is said where it does not load, on machines that are made up.

const assert = require('node:assert/strict');
const path = require('node:path');
const { IsolaneError } = require('../..');
const { libcOf } = require('../../lib/native/libc.js');
const { load } = require('../../lib/native/load.js');
const { test } = require('../support/test.js');

const ROOT = path.resolve('/app/node_modules/isolane');
const at = (...names) => path.join(ROOT, '..', ...names);

/**
 * @param {Record<string, unknown>} files - texts by path; a function throws what loading the file throws, an object
 *   is what it exports
 */
function machine(files = {}, { libc = { name: 'glibc', version: '2.36' }, node = '22.12.0', ...rest } = {}) {
  const all = new Map(Object.entries({ [path.join(ROOT, 'package.json')]: '{"name":"isolane"}', ...files }));
  const read = (file) => {
    if (all.has(file)) return all.get(file);
    throw Object.assign(new Error(`Cannot find module '${file}'\nRequire stack:\n- here`), {
      code: 'MODULE_NOT_FOUND',
    });
  };
  const require = (file) => {
    const content = read(file);
    if (typeof content === 'function') throw content();
    return typeof content === 'string' ? JSON.parse(content) : content;
  };
  require.resolve = (name) => {
    const file = at(...name.split('/'));
    if (all.has(file)) return file;
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
  };
  return {
    version: '1.2.3',
    root: ROOT,
    platform: 'linux',
    arch: 'x64',
    versions: { node },
    env: {},
    libc: () => libc,
    fs: { existsSync: (file) => all.has(file), readFileSync: read },
    require,
    ...rest,
  };
}

/** A platform's package as it is installed; `content` as in the files of `machine`. */
function installed(content, { version = '1.2.3', name = 'linux-x64-gnu' } = {}) {
  const file = `isolane.${name}.node`;
  return {
    [at('@isolane', name, 'package.json')]: JSON.stringify({ version, main: file }),
    ...(content && { [at('@isolane', name, file)]: content }),
  };
}

const addon = (version = '1.2.3') => ({ version: () => version });
const ADDON = addon();
const PACKAGE = at('@isolane', 'linux-x64-gnu', 'isolane.linux-x64-gnu.node');
const LOCAL = path.join(ROOT, 'isolane.linux-x64-gnu.node');
const CHECKOUT = { [path.join(ROOT, 'Cargo.toml')]: '' };
const failing = (message, code) => () => Object.assign(new Error(message), { code });

const marker = (name, text = '') => ({ [at(name)]: text });
const NPM = marker('.package-lock.json');
const PNPM = marker('.modules.yaml', '{ "included": { "optionalDependencies": true } }');
const YARN = marker('.yarn-state.yml');

test('the package of the platform is loaded', () => {
  assert.deepEqual(load(machine(installed(ADDON))), { binding: ADDON, file: PACKAGE });
});

test('in a checkout its own build comes before the package, which comes where there is no build', () => {
  const build = addon();
  assert.equal(load(machine({ ...CHECKOUT, ...installed(ADDON), [LOCAL]: build })).binding, build);
  assert.equal(load(machine({ ...CHECKOUT, ...installed(ADDON) })).binding, ADDON);
  assert.equal(load(machine({ ...installed(ADDON), [LOCAL]: build })).binding, ADDON);
});

test('the file that ISOLANE_NATIVE names is loaded, and nothing instead of it', () => {
  const file = path.resolve('/elsewhere/own.node');
  const env = { ISOLANE_NATIVE: file };
  const own = addon();
  assert.deepEqual(load(machine({ ...installed(ADDON), [file]: own }, { env })), { binding: own, file });
  const error = refused(machine(installed(ADDON), { env }));
  assert.deepEqual(
    error.tried.map(({ path }) => path),
    [file],
  );
  assert.match(error.message, /ISOLANE_NATIVE names the file/);
});

test('each place that was tried is listed with its own error, in its first line', () => {
  const error = refused(machine({ ...CHECKOUT, [LOCAL]: failing('invalid ELF header\nmore') }));
  assert.ok(error instanceof IsolaneError);
  assert.equal(error.code, 'ERR_NATIVE_LOAD');
  assert.ok(error.message.includes(`tried ${LOCAL}: invalid ELF header\n`));
  assert.match(error.message, /tried @isolane\/linux-x64-gnu: Cannot find module '.*'$/m);
  assert.match(error.message, /packages for @isolane\/linux-x64-gnu, .*@isolane\/win32-x64-msvc$/);
  assert.deepEqual(
    error.tried.map(({ error }) => error.message.split('\n')[0]),
    ['invalid ELF header', "Cannot find module '@isolane/linux-x64-gnu/package.json'"],
  );
  assert.equal(error.cause, error.tried[1].error);
});

test('an addon of another release is refused', () => {
  const stale = refused(machine({ ...CHECKOUT, [LOCAL]: addon('1.2.2') }));
  assert.match(stale.message, /it is version 1\.2\.2, and isolane is 1\.2\.3/);
  assert.match(stale.message, /what helps: npm run build$/m);
  const error = refused(machine({ ...NPM, ...installed(ADDON, { version: '1.2.2' }) }));
  assert.match(error.message, /it is version 1\.2\.2, and isolane is 1\.2\.3/);
  assert.match(error.message, /what helps: rm -rf node_modules package-lock\.json && npm install$/m);
});

const LOCK = (...names) =>
  JSON.stringify({ packages: Object.fromEntries(['isolane', ...names].map((name) => [`node_modules/${name}`, {}])) });
const lock = (...names) => ({ [path.resolve('/app/package-lock.json')]: LOCK(...names) });
const ELSEWHERE = installed(ADDON, { name: 'darwin-arm64' });
const dlopen = "/lib/libc.so.6: version `GLIBC_2.38' not found (required by x.node)";

/** What is found out, by the machine; the command that helps, and a part of the reason. */
const CASES = {
  'a system that there is no package for': [
    machine({}, { platform: 'freebsd' }),
    undefined,
    /no package for freebsd on x64/,
  ],
  musl: [machine({ '/lib/ld-musl-x86_64.so.1': '' }, { libc: { name: 'musl' } }), 'FROM node:lts-slim', /glibc/],
  'a glibc that is too old': [
    machine(installed(failing(dlopen)), { libc: { name: 'glibc', version: '2.28' } }),
    undefined,
    /glibc 2\.38 or later is needed, and this system's is 2\.28/,
  ],
  'a Node that is too old': [machine({}, { node: '20.9.0' }), undefined, /needs Node\.js 20\.18\.1/],
  'a process that may load no addons': [
    machine(installed(failing('disabled', 'ERR_DLOPEN_DISABLED'))),
    'node --allow-addons …, without --no-addons',
    /may not load/,
  ],
  'a bundle': [
    machine({ [path.join(ROOT, 'package.json')]: '{"name":"app"}' }),
    '--external:isolane (esbuild), --external isolane (ncc), externals: { isolane: "commonjs isolane" } (webpack), ' +
      'serverExternalPackages: ["isolane"] (Next.js)',
    /was bundled/,
  ],
  'a checkout without a build': [machine(CHECKOUT), 'npm run build', /checkout/],
  'npm without optional dependencies': [
    machine({ ...NPM, ...lock('@isolane/linux-x64-gnu') }),
    'npm install --include=optional',
    /left optional/,
  ],
  "npm's lock file without the package": [
    machine({ ...NPM, ...lock('@isolane/darwin-arm64') }),
    'rm -rf node_modules package-lock.json && npm install',
    /before 11\.3/,
  ],
  'the same on Windows': [
    machine({ ...NPM, ...lock('@isolane/darwin-arm64') }, { platform: 'win32', libc: undefined }),
    'Remove-Item -Recurse node_modules, package-lock.json; npm install',
    /before 11\.3/,
  ],
  'node_modules of another machine, npm': [machine({ ...NPM, ...ELSEWHERE }), 'npm ci', /installed for darwin-arm64/],
  'node_modules of another machine, nothing known': [machine(ELSEWHERE), 'npm ci', /installed for darwin-arm64/],
  'node_modules of another machine, pnpm': [
    machine({ ...PNPM, ...ELSEWHERE }),
    'pnpm install --os=linux --cpu=x64 --libc=glibc',
    /installed for darwin-arm64/,
  ],
  'node_modules of another machine, yarn': [
    machine({ ...YARN, ...ELSEWHERE }),
    'yarn config unset supportedArchitectures && yarn install',
    /installed for darwin-arm64/,
  ],
  'pnpm without optional dependencies': [
    machine(marker('.modules.yaml', '{ "included": { "optionalDependencies": false } }')),
    'pnpm install',
    /--no-optional/,
  ],
  'pnpm for other platforms': [
    machine(PNPM, { platform: 'darwin', arch: 'arm64', libc: undefined }),
    'pnpm install --os=darwin --cpu=arm64',
    /supportedArchitectures/,
  ],
  'yarn for other platforms': [
    machine({}, { versions: { node: '22.0.0', pnp: '3' } }),
    'yarn config unset supportedArchitectures && yarn install',
    /supportedArchitectures/,
  ],
  'yarn classic without optional dependencies': [
    machine(marker('.yarn-integrity')),
    'rm -rf node_modules && yarn install',
    /--ignore-optional/,
  ],
  'nothing known': [machine(), 'npm install --include=optional', /is not installed/],
  'a package without its file': [machine({ ...NPM, ...installed() }), 'npm ci', /damaged/],
  'a package without its file, pnpm': [
    machine({ ...PNPM, ...installed() }),
    'rm -rf node_modules && pnpm install',
    /damaged/,
  ],
  'a damaged package, yarn with PnP': [
    machine(installed(failing('file too short')), { versions: { node: '22.0.0', pnp: '3' } }),
    'rm -rf .yarn/unplugged && yarn install',
    /damaged/,
  ],
};

for (const [name, [host, command, reason]] of Object.entries(CASES)) {
  test(`what helps: ${name}`, () => {
    const { message } = refused(host);
    assert.match(message, reason);
    assert.equal(/what helps: (.*)$/m.exec(message)?.[1], command);
  });
}

test('a package that yarn keeps in an archive has to be unplugged', () => {
  const host = machine({}, { versions: { node: '22.0.0', pnp: '3' } });
  const manifest = '/app/.yarn/cache/x.zip/node_modules/@isolane/linux-x64-gnu/package.json';
  const require = () => ({ version: '1.2.3', main: 'x.node' });
  const resolve = (name) => (name.includes('linux-x64') ? manifest : host.require.resolve(name));
  const { message } = refused({ ...host, require: Object.assign(require, { resolve }) });
  assert.match(message, /what helps: yarn unplug @isolane\/linux-x64-gnu$/m);
});

test('the C library is read from the report', () => {
  assert.deepEqual(libcOf({ header: { glibcVersionRuntime: '2.36' } }), { name: 'glibc', version: '2.36' });
  assert.deepEqual(libcOf({ header: {}, sharedObjects: ['/lib/ld-musl-x86_64.so.1'] }), { name: 'musl' });
  assert.equal(libcOf({ header: {}, sharedObjects: ['/usr/lib/libSystem.B.dylib'] }), undefined);
});

function refused(host) {
  try {
    load(host);
  } catch (error) {
    return error;
  }
  throw new assert.AssertionError({ message: 'it was loaded' });
}
