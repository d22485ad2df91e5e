/**
 * A lock for one compile at a time on one machine: numbered files beside `path`, of which the highest counts.
 *
 * It names its owner's pid and start time. A lock whose owner is gone is succeeded by the next number, never
 * taken away: between reading a lock and removing it, it may have become somebody else's.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export class Lock {
  #file;

  constructor(file) {
    this.#file = file;
  }

  /** Waits until the lock at `path` is this process's; `onWait(pid)` is told once who holds it. */
  static async acquire(path, { onWait = () => {}, interval = 1000 } = {}) {
    for (let waited = false; ; ) {
      const last = (await numbers(path)).at(-1) ?? 0;
      const held = await read(`${path}.${last}`);
      if (isAlive(held)) {
        if (!waited) onWait(Number.parseInt(held, 10));
        waited = true;
        await delay(interval);
        continue;
      }
      const file = `${path}.${last + 1}`;
      if (!(await claim(file))) continue;
      const all = await numbers(path);
      if (all.at(-1) === last + 1) {
        for (const old of all.slice(0, -1)) await rm(`${path}.${old}`, { force: true });
        return new Lock(file);
      }
      // Others were here since `last` was read, and have removed the file that would have been in the way.
      await rm(file, { force: true });
    }
  }

  /** Gives the lock up. The file stays, empty: without it, numbers would be used again. */
  async release() {
    await writeFile(this.#file, '');
  }
}

/** The numbers of the lock files that there are, rising. */
async function numbers(path) {
  const prefix = `${basename(path)}.`;
  const names = await readdir(dirname(path));
  const found = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return found
    .filter((rest) => /^\d+$/.test(rest))
    .map(Number)
    .sort((a, b) => a - b);
}

/** A hard link appears with its content or not at all: nobody ever reads a lock that names no owner yet. */
async function claim(file) {
  const draft = join(dirname(file), `${basename(file)}.${randomUUID()}`);
  await writeFile(draft, owner(process.pid));
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** What the lock file says; nothing when it is not there, or no longer. */
async function read(file) {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}

function isAlive(held) {
  const pid = Number.parseInt(held, 10);
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  return owner(pid) === held;
}

function owner(pid) {
  return `${pid} ${startOf(pid)}\n`;
}

/** When a process began: a container's pids are few and soon used again, this pair is not. */
function startOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command name, in parentheses, may itself hold spaces; field 22 is the 20th after it.
    return status.slice(status.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return '-';
  }
}
