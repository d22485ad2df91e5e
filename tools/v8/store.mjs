/**
 * A folder of V8 archives with their SHA256SUMS: a mirror that somebody else fills, or this project's cache.
 * It never gives out a file whose checksum was not compared.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Unavailable } from './unavailable.mjs';

const SUMS = 'SHA256SUMS';

/** An archive is there, and is not what its checksum says. */
export class Damaged extends Unavailable {
  name = 'Damaged';
}

export class Store {
  constructor(folder) {
    this.folder = folder;
  }

  /**
   * The path of the archive `name`, or undefined when the folder does not hold it.
   *
   * Throws `Damaged` when it is there with another checksum or with none.
   */
  async find(name) {
    const path = join(this.folder, name);
    if (!(await isFile(path))) return undefined;
    const expected = (await this.#sums()).get(name);
    const found = await sha256(path);
    if (found === expected) return path;
    const promise = expected ?? `a line for it in ${join(this.folder, SUMS)}, which has none`;
    throw new Damaged(`checksum of ${path} does not match: expected ${promise}, found ${found}`);
  }

  /**
   * Takes an archive in: `write` is given the path to write it to. One writer at a time.
   *
   * The checksum is in place before the archive has its name, and the archive gets its name whole: broken off
   * anywhere, the folder holds no archive that `find` would give out.
   */
  async put(name, write) {
    await mkdir(this.folder, { recursive: true });
    const partial = join(this.folder, `${name}.partial`);
    await write(partial);
    const sums = await this.#sums();
    sums.set(name, await sha256(partial));
    const text = [...sums].map(([file, sum]) => `${sum}  ${file}\n`).join('');
    await writeFile(join(this.folder, `${SUMS}.partial`), text);
    await rename(join(this.folder, `${SUMS}.partial`), join(this.folder, SUMS));
    await rename(partial, join(this.folder, name));
    return join(this.folder, name);
  }

  async remove(name) {
    await rm(join(this.folder, name), { force: true });
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

async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
