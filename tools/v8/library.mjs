/** A static library, read as its members: the `ar` format as LLVM and GNU write it. */
import { readFile } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { Unavailable } from './unavailable.mjs';

const MAGIC = '!<arch>\n';
const HEADER = 60;

/** The members of the library at `path`, which may be packed: `.a`, `.a.gz` or `.a.br`. */
export async function readLibrary(path) {
  const bytes = await readFile(path);
  if (path.endsWith('.gz')) return membersOf(gunzipSync(bytes), path);
  if (path.endsWith('.br')) return membersOf(brotliDecompressSync(bytes), path);
  return membersOf(bytes, path);
}

/** The members as `{ name, data }`, in their order; the indexes of symbols and of long names are none. */
export function membersOf(library, path = 'the library') {
  if (library.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Unavailable(`${path} is not a static library`);
  const members = [];
  let longNames = '';
  for (let at = MAGIC.length; at < library.length; ) {
    const name = library.toString('latin1', at, at + 16).trimEnd();
    const size = Number(library.toString('latin1', at + 48, at + 58));
    const begin = at + HEADER;
    if (library.toString('latin1', at + 58, begin) !== '`\n' || !(begin + size <= library.length)) {
      throw new Unavailable(`${path} is cut off or damaged at byte ${at}`);
    }
    const data = library.subarray(begin, begin + size);
    if (name === '//') longNames = data.toString('latin1');
    else if (name !== '/' && name !== '/SYM64/') members.push({ name: fullName(name, longNames), data });
    // Each member begins at an even byte.
    at = begin + size + (size % 2);
  }
  return members;
}

function fullName(name, longNames) {
  const begin = /^\/(\d+)$/.exec(name)?.[1];
  if (begin === undefined) return name.replace(/\/$/, '');
  return longNames.slice(Number(begin)).split('/\n', 1)[0];
}
