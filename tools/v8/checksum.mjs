/** What a file's SHA-256 is, and whether it is the promised one. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Unavailable } from './unavailable.mjs';

/** A file is there, and is not what its checksum says. */
export class Damaged extends Unavailable {
  name = 'Damaged';

  constructor(path, expected, found) {
    super(`checksum of ${path} does not match: expected ${expected}, found ${found}`);
  }
}

export async function sha256(path) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest('hex');
}

/** Throws `Damaged` when the file at `path` has another checksum. */
export async function verify(path, expected) {
  const found = await sha256(path);
  if (found !== expected) throw new Damaged(path, expected, found);
}
