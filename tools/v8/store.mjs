/**
 * A folder of V8 archives with their SHA256SUMS: a mirror that somebody else fills, or this project's cache.
 * It never gives out a file whose checksum was not compared.
 */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Damaged, sha256 } from './checksum.mjs';

const SUMS = 'SHA256SUMS';

export class Store {
  constructor(folder) {
    this.folder = folder;
  }

  /**
   * The path of the archive `name`, or undefined when the folder does not hold it.
   *
   * `promised` is its checksum where that is known from elsewhere than SHA256SUMS. Throws `Damaged` when the
   * archive is there with another checksum or with none.
   */
  async find(name, promised) {
    const path = join(this.folder, name);
    if (!(await isFile(path))) return undefined;
    const expected = promised ?? (await this.#sums()).get(name);
    const found = await sha256(path);
    if (found === expected) return path;
    throw new Damaged(path, expected ?? `a line for it in ${join(this.folder, SUMS)}, which has none`, found);
  }

  /**
   * Takes an archive in: `write` is given the path to write it to. One writer at a time.
   *
   * The checksum is in place before the archive has its name, and the archive gets its name whole: broken off
   * anywhere, the folder holds no archive that `find` would give out.
   */
  async put(name, write) {
    return this.place(name, async (partial) => {
      await write(partial);
      const sums = await this.#sums();
      sums.set(name, await sha256(partial));
      const text = [...sums].map(([file, sum]) => `${sum}  ${file}\n`).join('');
      await writeFile(join(this.folder, `${SUMS}.partial`), text);
      await rename(join(this.folder, `${SUMS}.partial`), join(this.folder, SUMS));
    });
  }

  /** Takes an archive in whose checksum is known from elsewhere: `write` has compared it. One writer at a time. */
  async place(name, write) {
    await mkdir(this.folder, { recursive: true });
    const partial = join(this.folder, `${name}.partial`);
    await write(partial);
    await rename(partial, join(this.folder, name));
    return join(this.folder, name);
  }

  async #sums() {
    const text = await readFile(join(this.folder, SUMS), 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const lines = text.matchAll(/^([0-9a-f]{64}) [ *](.+?)\r?$/gim);
    return new Map([...lines].map(([, sum, file]) => [file, sum.toLowerCase()]));
  }
}

export async function isFile(path) {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() ?? false;
}
