import { isDeepStrictEqual } from 'node:util';

/** One record is about 340 bytes of JSON. */
const recordOf = (id, seed) => ({
  id,
  name: `Customer ${seed}-${id}`,
  email: `customer.${seed}.${id}@example.org`,
  age: 18 + ((id * 7 + seed) % 70),
  balance: (id * 31 + seed) / 4,
  active: id % 2 === 0,
  verified: id % 5 !== 0,
  referrer: null,
  address: {
    street: `${id} Main Street`,
    city: 'Springfield',
    zip: String(10_000 + (id % 90_000)),
    country: 'US',
    location: { latitude: 44.05 + id / 1000, longitude: -123.02 - id / 1000 },
  },
  tags: ['customer', `segment-${id % 9}`, `seed-${seed}`],
});

/** As many different objects as are sent in turn. */
const VARIANTS = 4;
/** As many results are kept to be compared as a whole once the clock has stopped. */
const KEPT = 4;

/** Records that go there and back: marks are looked at in all, of one in `every` the last few are compared whole. */
export function recordsOf(count, every) {
  const listOf = (seed) => Array.from({ length: count }, (_, id) => recordOf(id, seed));
  const lists = Array.from({ length: VARIANTS }, (_, seed) => listOf(seed));
  const kept = [];
  return {
    handler: new URL('../handlers/records.mjs', import.meta.url),
    payload: (i) => ({ mark: i, list: lists[i % VARIANTS] }),
    check(result, i) {
      const last = result.list[count - 1];
      if (result.mark !== i + 1 || result.list.length !== count || last.id !== count - 1 || last.checked !== true) {
        throw new Error(`task ${i} gave ${JSON.stringify({ ...result, list: last })}`);
      }
      if (i % every !== 0) return;
      if (kept.length === KEPT) kept.shift();
      kept.push([i, result]);
    },
    compare() {
      if (kept.length === 0) throw new Error('no result was kept');
      for (const [i, { list }] of kept) {
        const expected = listOf(i % VARIANTS);
        expected[count - 1].checked = true;
        if (!isDeepStrictEqual(list, expected)) throw new Error(`the records of task ${i} came back changed`);
      }
    },
  };
}
