'use strict';

// Any cloneable value arrives as `structuredClone` would clone it, in the isolate and back here.
// ISOLANE_SEEDS=… sets the number of values, ISOLANE_SEED=… repeats those of one seed.

const assert = require('node:assert/strict');
const fc = require('fast-check');
const { decode, encode } = require('../../lib/values/wire.js');
const { assertCloned } = require('../support/cloned.js');
const { build, graph } = require('../support/arbitraries.js');
const { script, withPool } = require('../support/pool.js');
const { dump } = require('../support/dump.js');
const { test } = require('../support/test.js');

const runs = Number(process.env.ISOLANE_SEEDS ?? 12_000);
const { ISOLANE_SEED } = process.env;
const seed = ISOLANE_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(ISOLANE_SEED);
/** Number of tasks at once. */
const BATCH = 40;
const limit = { timeout: Math.max(30_000, runs * 20) };

const check = (property, numRuns) => fc.assert(property, { seed, numRuns, includeErrorInReport: true });

test('Node reads what it has written for an isolate as a clone', limit, () => {
  check(
    fc.property(graph, (description) => {
      const value = build(description);
      assertCloned(value, decode(Buffer.from(encode(value))));
    }),
    runs,
  );
});

test('an isolate gets a clone, and a clone of that comes back', limit, async (t) => {
  const workerScript = script(`${dump}
    export default {
      echo: (value) => value,
      later: async (value) => { await null; return value; },
      pack: (value) => [value, { value }, new Map([[value, value]])],
      dump,
      thrown: (value) => { throw new Error('thrown', { cause: value }); },
    };`);
  const pool = await withPool(t, { workerScript, poolSize: 2, maxQueue: 10 * BATCH });
  const submit = (values, type) => pool.submitTasks(values.map((payload) => ({ type, payload })));
  const done = (results) =>
    results.map((result) => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  await check(
    fc.asyncProperty(fc.array(graph, { minLength: 1, maxLength: BATCH, size: 'max' }), async (descriptions) => {
      const values = descriptions.map(build);
      const code = 'return inputs.values';
      const [given, echoes, later, packs, dumps, thrown] = await Promise.all([
        pool.submitTask({ type: 'javascript', code, inputs: { values } }),
        submit(values, 'echo').then(done),
        submit(values, 'later').then(done),
        submit(values, 'pack').then(done),
        submit(values, 'dump').then(done),
        submit(values, 'thrown'),
      ]);
      assertCloned(values, given);
      values.forEach((value, i) => {
        assert.equal(dumps[i], dump(decode(Buffer.from(encode(value)))), 'seen in the isolate');
        assertCloned(value, echoes[i]);
        assertCloned(value, later[i]);
        assertCloned([value, { value }, new Map([[value, value]])], packs[i]);
        assertCloned(value, thrown[i].reason.cause.cause);
      });
    }),
    Math.ceil((runs * 2) / BATCH / 10),
  );
});
