/**
 * The library that comes with the checkout: a file packed with brotli, beside a record of its two checksums and
 * of the recipe that made it. It is unpacked only as what its record says.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { constants, createBrotliCompress, createBrotliDecompress } from 'node:zlib';
import { Damaged, verify } from './checksum.mjs';
import { libraryName } from './identity.mjs';
import { isFile } from './store.mjs';
import { Unavailable } from './unavailable.mjs';

/** Where this checkout keeps its prebuilt libraries. */
export const PREBUILT = fileURLToPath(new URL('./prebuilt', import.meta.url));

// With Node's own 16 KiB a library of 120 MB is 7,500 rounds through the thread pool.
const CHUNK = 2 ** 20;

export class Prebuilt {
  constructor(packed, record) {
    this.packed = packed;
    this.record = record;
  }

  /** The prebuilt library for this V8, or undefined when there is none. */
  static async find(identity, folder = PREBUILT) {
    const { packed, record } = pathsOf(identity, folder);
    const text = await readFile(record, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    return text && new Prebuilt(packed, JSON.parse(text));
  }

  /** Throws when the packed file is not there, or `Damaged` when it is not the one that was recorded. */
  async check() {
    if (!(await isFile(this.packed))) throw new Unavailable(`${this.packed} is missing, and its record is there`);
    await verify(this.packed, this.record.packed.sha256);
  }

  /** Writes the library to `path`. Throws `Damaged` when the packed or the unpacked form has another checksum. */
  async unpack(path) {
    // First, for a damaged file would otherwise be told as an error of brotli's.
    await this.check();
    const hash = createHash('sha256');
    await pipeline(
      createReadStream(this.packed, { highWaterMark: CHUNK }),
      createBrotliDecompress({ chunkSize: CHUNK }),
      async function* (chunks) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(path, { highWaterMark: CHUNK }),
    );
    const found = hash.digest('hex');
    const expected = this.record.unpacked.sha256;
    if (found !== expected) throw new Damaged(`${this.packed}, unpacked,`, expected, found);
  }
}

/** Where the prebuilt library for this V8 lies, and its record. */
export function pathsOf(identity, folder = PREBUILT) {
  const library = join(folder, libraryName(identity));
  return { packed: `${library}.br`, record: `${library}.json` };
}

/** Packs `library` into `packed` as small as brotli can without its large window, which Node's readers refuse. */
export async function packSmall(library, packed) {
  const { size } = await stat(library);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: size,
  };
  await pipeline(createReadStream(library), createBrotliCompress({ params }), createWriteStream(packed));
}
