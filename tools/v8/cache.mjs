/**
 * What this machine keeps of V8. Each recipe has a folder of its own, so that a library of another recipe is
 * never given out; locks beside them see to it that processes make a thing one after the other.
 */
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Damaged } from './checksum.mjs';
import { Lock } from './lock.mjs';
import { Store } from './store.mjs';
import { Unavailable } from './unavailable.mjs';

// What the system says of a folder that cannot be made or written, or of a disk that is full.
const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST', 'ENOSPC', 'EDQUOT']);

export class Cache {
  #say;

  constructor(env, recipe, say) {
    this.folder = cacheFolder(env);
    this.store = new Store(join(this.folder, recipe.slice(0, 16)));
    this.#say = say;
  }

  /** The path of `name`, or undefined when it is not there or is damaged. `promised` is as in `Store.find`. */
  async find(name, promised) {
    try {
      return await this.store.find(name, promised);
    } catch (error) {
      if (!(error instanceof Damaged)) throw error;
      this.#say(`warning: ${error.message}; it is made again`);
      return undefined;
    }
  }

  /** Does `work` while no other process does any under the lock `name`. */
  async exclusively(name, { onWait, interval }, work) {
    try {
      await mkdir(this.folder, { recursive: true });
      const lock = await Lock.acquire(join(this.folder, `${name}.lock`), { onWait, interval });
      try {
        return await work();
      } finally {
        await lock.release();
      }
    } catch (error) {
      // A write that fails names no file; an error that names another folder's is not about the cache.
      const here = error.path === undefined || error.path.startsWith(this.folder);
      if (!here || !REFUSALS.has(error.code)) throw error;
      throw new Unavailable(
        `the cache ${this.folder} cannot be written: ${error.message}; XDG_CACHE_HOME names another place for it`,
        { cause: error },
      );
    }
  }
}

/** Where this machine's caches lie. */
export function cacheFolder(env, platform = process.platform) {
  const system = platform === 'darwin' ? 'Library/Caches' : '.cache';
  return join(env.XDG_CACHE_HOME || join(homedir(), system), 'isolane', 'v8');
}
