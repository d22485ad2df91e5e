import { medianOf } from '../result.mjs';

const SIZES_MB = [1, 8, 64, 256];
const MB = 2 ** 20;
const SIZES = SIZES_MB.map((size) => [`${size} MB`, size * MB]);

/** An isolate that limits its memory may hold the largest one, copied once, and what it needs itself. */
const MEMORY_MB = 1024;

/** What a contender's worker runs: the same touch, and its own way to say that the buffer goes back. */
const handlers = Object.fromEntries(
  ['isolane', 'piscina', 'threads', 'tinypool', 'workerpool'].map((name) => [
    name,
    new URL(`../handlers/move-${name}.mjs`, import.meta.url),
  ]),
);

/** The ms that each of some trips takes of one buffer, whose ends count them. */
async function tripsOf(pool, bytes, durationMs, least) {
  // Written once, so that all of it is memory that is there.
  let buffer = new Uint8Array(bytes).fill(1).buffer;
  const times = [];
  const end = performance.now() + durationMs;
  for (let trip = 2; times.length < least || performance.now() < end; trip++) {
    const sent = buffer;
    const start = performance.now();
    buffer = await pool.run(sent);
    times.push(performance.now() - start);
    const ends = new Uint8Array(buffer);
    const mark = trip & 0xff;
    if (ends.length !== bytes || ends[0] !== mark || ends[bytes - 1] !== mark) {
      throw new Error(
        `trip ${trip - 1} brought ${ends.length} bytes with ${ends[0]} and ${ends[bytes - 1]} at the ends`,
      );
    }
    if (sent.byteLength !== 0) throw new Error('the buffer is here still: it was copied');
  }
  return times;
}

export default {
  name: 'an ArrayBuffer moved there and back, one at a time',
  unit: Object.fromEntries(SIZES.map(([size]) => [size, 'ms'])),
  needs: 'transfer',
  baseline: 'worker-threads',
  async measure(contender, { workers, quick }) {
    const pool = await contender.transfer({ handlers, workers, memoryMB: MEMORY_MB });
    await tripsOf(pool, MB, quick ? 20 : 500, 10);
    const figures = {};
    for (const [size, bytes] of SIZES) {
      figures[size] = medianOf(await tripsOf(pool, bytes, quick ? 10 : 600, 5));
    }
    await pool.close();
    return figures;
  },
};
