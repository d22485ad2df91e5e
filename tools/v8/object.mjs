/** An object file of 64-bit ELF, little endian, read as far as a comparison needs it. */

const SYMBOL_TABLE = 2;
const NO_BITS = 8;
const LOCAL = 0;
const SYMBOL = 24;

export class ObjectFile {
  /** The object in `data`, or undefined when it is something else. */
  static read(data) {
    const isElf64 = data.length >= 64 && data.readUInt32BE(0) === 0x7f454c46 && data[4] === 2 && data[5] === 1;
    return isElf64 ? new ObjectFile(data) : undefined;
  }

  constructor(data) {
    const at = Number(data.readBigUInt64LE(40));
    const size = data.readUInt16LE(58);
    // An object of more sections than fit into 16 bits has their number in the first section.
    const count = data.readUInt16LE(60) || Number(data.readBigUInt64LE(at + 32));
    const nameIndex = data.readUInt16LE(62) === 0xffff ? data.readUInt32LE(at + 40) : data.readUInt16LE(62);
    const headers = Array.from({ length: count }, (_, i) => header(data, at + i * size));
    const names = headers[nameIndex];
    this.sections = headers.map(({ nameAt, ...section }) => ({ name: text(names.data, nameAt), ...section }));
  }

  /** The names of the symbols that other objects can link against. */
  exports() {
    const found = new Set();
    for (const table of this.sections.filter((section) => section.type === SYMBOL_TABLE)) {
      const names = this.sections[table.link].data;
      for (let at = 0; at + SYMBOL <= table.data.length; at += SYMBOL) {
        const isDefined = table.data.readUInt16LE(at + 6) !== 0;
        const isLocal = table.data[at + 4] >> 4 === LOCAL;
        if (isDefined && !isLocal) found.add(text(names, table.data.readUInt32LE(at)));
      }
    }
    return found;
  }
}

function header(data, at) {
  const type = data.readUInt32LE(at + 4);
  const begin = Number(data.readBigUInt64LE(at + 24));
  const size = Number(data.readBigUInt64LE(at + 32));
  return {
    nameAt: data.readUInt32LE(at),
    type,
    size,
    link: data.readUInt32LE(at + 40),
    // A section of zeros, .bss, has a size and no bytes.
    data: type === NO_BITS ? Buffer.alloc(0) : data.subarray(begin, begin + size),
  };
}

function text(names, at) {
  return names.toString('latin1', at, names.indexOf(0, at));
}
