'use strict';

// Ordinary tasks, whose results must be right whatever the hostile pieces beside them do.

/** Handlers of the worker script. They hold references to the globals they use, because another handler may replace them. */
const HANDLERS = `
  'ordinary:sync': ({ a, b }) => a + b,
  async 'ordinary:async'({ a, b }) { await null; await undefined; return a * b; },
  'ordinary:timer': ({ a }) => new OwnPromise((resolve) => ownTimeout(resolve, 2, a)),
  'ordinary:echo': (payload) => payload,
`;
const PRELUDE = 'const { Promise: OwnPromise, setTimeout: ownTimeout } = globalThis;\n';

const cycle = { name: 'cycle' };
cycle.self = cycle;
const rich = {
  map: new Map([['k', new Set([1, 2n])]]),
  date: new Date(0),
  bytes: new Uint8Array([1, 2, 3]),
  list: [undefined, null, , -0],
  cycle,
};

/** Tasks that use language operations alone: their results are right even where built-ins were replaced. */
const plain = (n) => [
  [{ type: 'ordinary:sync', payload: { a: n, b: 2 } }, n + 2],
  [{ type: 'ordinary:async', payload: { a: n, b: 3 } }, n * 3],
  [{ type: 'javascript', code: 'return inputs.a - config.b', inputs: { a: n }, config: { b: 1 } }, n - 1],
  [{ type: 'filter', code: 'inputs.n >= config.limit', inputs: { n }, config: { limit: 0 } }, { n }],
];

/** Uses built-ins, which no other task can have replaced in its realm. */
const LOOK = `
  await null;
  return {
    list: [...[3, inputs, 1]].map(String),
    map: [...new Map([[inputs, new Set('a')]])],
    json: JSON.stringify({ a: inputs }),
    error: String(new TypeError('e')),
    left: [Object.keys(Object.prototype), 'then' in Object.prototype, 'left' in globalThis],
  };
`;
const found = (n) => ({
  list: ['3', String(n), '1'],
  map: [[n, new Set('a')]],
  json: `{"a":${n}}`,
  error: 'TypeError: e',
  left: [[], false, false],
});

const full = (n) => [
  ...plain(n),
  [{ type: 'javascript', code: LOOK, inputs: n }, found(n)],
  [{ type: 'ordinary:timer', payload: { a: n } }, n],
  [
    { type: 'ordinary:echo', payload: { n, ...rich } },
    { n, ...rich },
  ],
];

module.exports = { full, HANDLERS, plain, PRELUDE };
