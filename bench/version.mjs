import { existsSync, readFileSync } from 'node:fs';

/** The version of an installed package. Not all export their package.json: walks up from its entry. */
export function versionOf(name) {
  for (let dir = new URL('.', import.meta.resolve(name)); dir.pathname !== '/'; dir = new URL('..', dir)) {
    const file = new URL('package.json', dir);
    const manifest = existsSync(file) && JSON.parse(readFileSync(file, 'utf8'));
    if (manifest.name === name) return manifest.version;
  }
  throw new Error(`no package.json of ${name}`);
}
