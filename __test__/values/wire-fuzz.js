'use strict';

// Fuzzes Node's side of the codec: decodes mutated bytes, and prints how many were read and how many refused. Runs in a
// process of its own, which V8 could abort.
//
//     node wire-fuzz.js <seed> <how many>

const fc = require('fast-check');
const { Arena } = require('../../lib/values/arena.js');
const { decode, encode, write } = require('../../lib/values/wire.js');
const { build, graph } = require('../support/arbitraries.js');

const [seed, count] = process.argv.slice(2).map(Number);

/** What only isolates write: a view in V8's own format, and a value whose second value restores no errors. */
const FOREIGN = [
  [0xff, 0x0f, 0x56, 0x42, 4, 97, 98, 99, 100, 0x56, 0x42, 1, 2, 0],
  [0xfe, 0xff, 0x0f, 0x49, 2, 0x41, 1, 0x41, 2, 0x6f, 0x7b, 0, 0x49, 2, 0x24, 0, 2, 0x24, 0, 1],
].map((bytes) => Buffer.from(bytes));
const rowsOf = (leaves) => Array.from({ length: 30 }, (_, id) => ({ id, leaves: [...leaves] }));
const corpus = fc
  .sample(graph, { seed, numRuns: 400 })
  .map((description) => Buffer.from(encode(build(description))))
  .concat(
    [['a', 1.5, null], [], ['é', 'Ж'], [7n, -(2n ** 70n)]].map((leaves) => write(new Arena(64), rowsOf(leaves), true)),
  )
  .filter(({ length }) => length < 4096)
  .concat(FOREIGN);

/** SplitMix64, in 32 bits. */
let state = seed;
function below(bound) {
  state = (state + 0x9e3779b9) | 0;
  let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) % bound;
}

const pick = (list) => list[below(list.length)];
const TAGS = Buffer.from('_0TFIUNZz"cS^o{A@$DyxnsR;:\',B~VrERFSTUms.\\pwut?-');
const byte = () => (below(2) === 0 ? pick(TAGS) : below(256));
const LENGTHS = [
  [255, 255, 255, 255],
  [255, 255, 255, 255, 15],
  [128, 128, 64],
];

function mutate() {
  let bytes = [...pick(corpus)];
  if (below(8) === 0) bytes = [pick([4, 5, 6, 9, 12, 254, 255]), 255, 15, ...Array.from({ length: below(40) }, byte)];
  for (let left = below(4); left >= 0; left--) {
    const at = below(bytes.length + 1);
    const part = pick(corpus);
    const from = below(part.length);
    const edits = [
      () => bytes.splice(at),
      () => bytes.splice(at, 1, byte()),
      () => bytes.splice(at, 0, byte()),
      () => bytes.splice(at, 1, (bytes[at] ?? 0) ^ (1 << below(8))),
      () => bytes.splice(at, 4, ...pick(LENGTHS)),
      () => bytes.splice(at, 0, ...part.subarray(from, from + below(60))),
    ];
    pick(edits)();
  }
  return Buffer.from(bytes);
}

/** A sparse array of a great length. An isolate does not write it, but V8 reads it and allocates the array. */
const isHugeArray = (bytes) => bytes[0] >= 0xfe && /a[\x80-\xff]{2}/.test(bytes.latin1Slice());

const tally = { read: 0, refused: 0, skipped: 0 };
for (let i = 0; i < count; i++) {
  const bytes = mutate();
  if (isHugeArray(bytes)) {
    tally.skipped++;
    continue;
  }
  try {
    decode(bytes);
    tally.read++;
  } catch (error) {
    if (!(error instanceof Error)) throw new TypeError(`${bytes.toString('hex')} gave ${String(error)}`);
    tally.refused++;
  }
}
console.log(JSON.stringify(tally));
