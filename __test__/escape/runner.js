'use strict';

// Runs pieces that try to escape from a code task's realm, one after the other on one worker, and judges what they
// found. In isolane a piece must find nothing. In the leaking sandboxes of control.js it must find something; otherwise
// it proves nothing.

const { createWorkerPool } = require('../..');
const { describeSettled } = require('../hostile/outcomes.js');
const { MARKS, PRELUDE } = require('./probe.js');
const { trackBuiltins } = require('./builtin-changes.js');

/**
 * @typedef {object} Piece
 * @property {string} name - unique in its category
 * @property {string} [source] - where the escape was published, from another sandbox
 * @property {string} code - body of the task, with `$`, the probe, in scope
 * @property {boolean} [raw] - it reports by itself, with `$.tell()` or `$.tellNow()`
 * @property {unknown} [inputs]
 * @property {unknown} [config]
 * @property {boolean} [mayFail] - it may leave unhandled rejections, which fail a task
 * @property {string | RegExp | ((settled: PromiseSettledResult<unknown>) => boolean)} [settles] - the error code
 *   that it rejects with, or whether its end is right; without it, it fulfils
 * @property {boolean} [naive] - false: it uses the language alone, so it finds nothing in the naive sandbox, which
 *   gives its code objects of the host
 * @property {string} [blind] - why it is not run in the leaking sandboxes
 * @property {boolean} [bare] - it would break Node's objects: the stranger sandbox has the language alone
 * @property {string} [needs] - an expression of what it uses and this version of Node may lack
 * @property {boolean} [later] - isolane may lack it as well
 * @property {number} [timeout]
 */

const CATEGORIES = [
  'realm',
  'reach',
  'values',
  'errors',
  'strangers',
  'stack',
  'hooks',
  'callbacks',
  'compile',
  'promises',
  'tampering',
  'outcomes',
  'wasm',
  'limits',
  'host',
  'published',
];

const REPORT = 'REPORT ';
const TIMEOUT = 10_000;

/** @returns {Record<string, Piece[]>} */
function catalogue() {
  return Object.fromEntries(CATEGORIES.map((category) => [category, require(`./pieces/${category}.js`)]));
}

/** The chosen pieces by category, each with its own `id`. */
function choose(category, name) {
  const chosen = {};
  for (const [key, pieces] of Object.entries(catalogue())) {
    if (category !== undefined && key !== category) continue;
    const some = pieces.filter((piece) => name === undefined || piece.name.includes(name));
    if (some.length > 0) chosen[key] = some.map((piece) => ({ ...piece, id: `${key}: ${piece.name}` }));
  }
  return chosen;
}

/** The source of a piece's task. */
function codeOf({ code, raw, later, needs }) {
  const skip = later ? `if (!(${needs})) { $.see('nothing', {}); return await $.tell(); }` : '';
  return raw
    ? `${PRELUDE}\n${code}`
    : `${PRELUDE}\n${skip}\ntry {\n${code}\n} finally { $.tellNow(); await $.tell(); }`;
}

/**
 * Judges a piece: `escapes` is what it must not find, `faults` is why its report proves nothing.
 * @param {Piece} piece
 * @param {object[]} reports
 * @param {PromiseSettledResult<unknown>} settled
 */
function judge(piece, reports, settled) {
  const escapes = reports.flatMap(({ found }) => found);
  const faults = reports.flatMap(({ missed }) => missed);
  if (!reports.some(({ looks, objects }) => looks > 0 && objects > 0)) faults.push('it looked at nothing');
  if (!endsWell(piece, settled)) faults.push(`it ended with ${describeSettled(settled)}`);
  if (settled.status === 'fulfilled') escapes.push(...strangersIn(settled.value));
  else escapes.push(...strangersIn(settled.reason?.cause));
  return { escapes: [...new Set(escapes)], faults: [...new Set(faults)] };
}

function endsWell({ settles, mayFail }, settled) {
  if (mayFail && settled.status === 'rejected') return settled.reason.code === 'ERR_TASK_FAILED';
  if (settles === undefined) return settled.status === 'fulfilled';
  if (typeof settles === 'function') return settles(settled);
  if (settled.status === 'fulfilled') return false;
  return typeof settles === 'string' ? settled.reason.code === settles : settles.test(settled.reason.code);
}

/** Lists what is more than data of this realm in a value that came from a task. */
function strangersIn(value, path = 'result', seen = new Set()) {
  if (typeof value === 'function') return [`the parent got a function: ${path}`];
  if (typeof value !== 'object' || value === null || seen.has(value)) return [];
  seen.add(value);
  const found = [];
  if (!inherits(value)) found.push(`the parent got an object of another realm: ${path}`);
  for (const key of Reflect.ownKeys(value)) {
    const { get, set, value: inner } = Reflect.getOwnPropertyDescriptor(value, key);
    const at = `${path}.${String(key)}`;
    if (get ?? set) found.push(`the parent got an accessor: ${at}`);
    found.push(...strangersIn(inner, at, seen));
  }
  if (value instanceof Map) found.push(...[...value].flatMap((entry) => strangersIn(entry, path, seen)));
  if (value instanceof Set) found.push(...[...value].flatMap((entry) => strangersIn(entry, path, seen)));
  return found;
}

function inherits(value) {
  const proto = Object.getPrototypeOf(value);
  return proto === null ? false : proto === Object.prototype || inherits(proto);
}

/** Host functions, each of which answers in another way. */
const HOST = {
  echo: (value) => value,
  object: () => ({ list: [1], map: new Map([[{}, []]]), date: new Date(0), bytes: new Uint8Array(4) }),
  fail: () => {
    throw Object.assign(new TypeError('host'), { detail: { deep: [] }, cause: new RangeError('cause') });
  },
  failWithObject: () => {
    throw { own: [] };
  },
  later: async () => ({ late: [] }),
  laterFail: async () => {
    throw new Error('later');
  },
  uncloneable: () => () => 1,
  async *numbers() {
    yield { n: 1 };
    yield { n: 2 };
  },
};

function workerScript() {
  const code = `
    const keep = (${trackBuiltins})();
    Object.defineProperty(Object.prototype, Symbol.for(${JSON.stringify(MARKS.worker)}), { value: true });
    const changes = keep();
    export default { changes: () => changes() };
  `;
  return { code, filename: 'escape.mjs' };
}

const NEIGHBOUR = `
  Object.defineProperty(Object.prototype, Symbol.for(${JSON.stringify(MARKS.neighbour)}), { value: true });
  console.log('MARKED');
  return new Promise((resolve) => setTimeout(resolve, 55_000));
`;

class Runner {
  #pool;
  #say;
  #number = 0;
  #reports = new Map();
  #marked;

  /** @param {(record: object) => void} say - gets `{ end, escapes, faults }` of each piece */
  constructor(say) {
    this.#say = say;
  }

  async run(chosen) {
    const changesHere = trackBuiltins()();
    await this.#startPool();
    const begun = Date.now();
    for (const [category, pieces] of Object.entries(chosen)) {
      const started = Date.now();
      for (const piece of pieces) await this.#piece(piece, changesHere);
      this.#say({ category, ms: Date.now() - started, count: pieces.length });
    }
    await this.#pool.shutdown(false);
    this.#say({ done: true, ms: Date.now() - begun });
  }

  async #start() {
    const options = {
      poolSize: 1,
      maxWorkers: 1,
      tasksPerWorker: 4,
      workerMemoryLimitMB: 64,
      maxTaskRetries: 0,
      maxRestartAttempts: 5,
      restartCooldownMs: 20,
      env: { SECRET: 'of the pool', deep: { list: [1] } },
      workerScript: workerScript(),
      host: HOST,
    };
    return createWorkerPool(options);
  }

  #heard(taskId, text) {
    if (text === 'MARKED') this.#marked();
    // A piece may have opened a console group, which indents.
    const line = text.trimStart();
    if (!line.startsWith(REPORT)) return;
    if (!this.#reports.has(taskId)) this.#reports.set(taskId, []);
    this.#reports.get(taskId).push(JSON.parse(line.slice(REPORT.length)));
  }

  /** Starts a pool, and in it a task that marks its realm and goes on running. */
  async #startPool() {
    this.#pool = await this.#start();
    this.#pool.on('console', ({ taskId, text }) => this.#heard(taskId, text));
    const marked = new Promise((resolve) => {
      this.#marked = resolve;
    });
    const ended = this.#pool.submitTask({ type: 'javascript', code: NEIGHBOUR }).catch(() => {});
    await Promise.race([marked, ended]);
  }

  async #piece(piece, changesHere) {
    const id = `${piece.id} (${this.#number++})`;
    this.#say({ begin: piece.id });
    const begun = Date.now();
    const { inputs, config, timeout = TIMEOUT } = piece;
    const task = { type: 'javascript', code: codeOf(piece), inputs, config, timeout, id };
    const [settled] = await Promise.allSettled([this.#pool.submitTask(task)]);
    await new Promise((resolve) => setImmediate(resolve));
    const { escapes, faults } = judge(piece, this.#reports.get(id) ?? [], settled);
    const ran = Date.now() - begun;
    for (const change of changesHere()) escapes.push(`changed in this process: ${change}`);
    const changed = await this.#changes();
    for (const change of changed) escapes.push(`changed in the worker's own realm: ${change}`);
    if (changed.length > 0) await this.#renew();
    this.#say({ end: piece.id, ran, ms: Date.now() - begun, escapes, faults });
  }

  async #changes() {
    try {
      return await this.#pool.submitTask({ type: 'changes', timeout: TIMEOUT });
    } catch (error) {
      return [`it does not answer: ${error.message}`];
    }
  }

  async #renew() {
    await this.#pool.shutdown(false);
    await this.#startPool();
  }
}

module.exports = { CATEGORIES, catalogue, choose, codeOf, HOST, judge, REPORT, Runner };
