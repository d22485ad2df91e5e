/** The package.json files that are published. They are made when packing, of the root's and the table of platforms. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { fileOf, packageOf, PLATFORMS } = require('../../lib/native/platforms.js');

const LIBCS = { glibc: ' with glibc' };
const SYSTEMS = { linux: 'Linux', darwin: 'macOS', win32: 'Windows' };

/** The repository's own package.json. */
export const ROOT_MANIFEST = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

/** What the addon of a platform is accompanied by. */
export const snapshotOf = (platform) => fileOf(platform).replace(/\.node$/, '.snapshot');
export const LICENCES = 'THIRD-PARTY-LICENSES';

/** The file that `npm pack` makes of a package of this version. */
export const tarballOf = (name) => `${name.replace('@', '').replace('/', '-')}-${ROOT_MANIFEST.version}.tgz`;

/**
 * Of `isolane`. The platforms' packages are its optional dependencies from here on only: in the repository, `npm ci`
 * of npm 11 refuses a lock file without an optional dependency, also one that is not published yet.
 */
export function mainManifest() {
  const { devDependencies, scripts, napi, private: _, ...manifest } = ROOT_MANIFEST;
  const optionalDependencies = Object.fromEntries(
    PLATFORMS.map((platform) => [packageOf(platform), manifest.version]).sort(),
  );
  return { ...manifest, type: 'commonjs', optionalDependencies };
}

/** Of one platform's package. */
export function platformManifest(platform) {
  const { version, license, repository, homepage, bugs, engines } = ROOT_MANIFEST;
  const { os, cpu, libc } = platform;
  return {
    name: packageOf(platform),
    version,
    description: `The native part of isolane for ${describe(platform)}`,
    license,
    repository,
    homepage,
    bugs,
    type: 'commonjs',
    main: fileOf(platform),
    files: [fileOf(platform), snapshotOf(platform), LICENCES],
    engines,
    os: [os],
    cpu: [cpu],
    ...(libc && { libc: [libc] }),
    // The addon and its snapshot are opened by the system, which sees no archives.
    preferUnplugged: true,
    publishConfig: { access: 'public' },
  };
}

export const describe = ({ os, cpu, libc }) => `${SYSTEMS[os]} on ${cpu}${LIBCS[libc] ?? ''}`;
