'use strict';

// Runs pairs of tasks: one plants something, the other looks for it. Each pair runs in every arrangement in which two
// tasks may meet.

const vm = require('node:vm');
const { createWorkerPool } = require('../..');

/** Which kind of task plants and looks, and whether the planting task still runs while the other looks. */
const ARRANGEMENTS = ['after', 'beside', 'handler looks', 'handler plants'];
const TIMEOUT = 10_000;
const SHORT = 150;
const PAIRS_AT_ONCE = 4;

/** The chosen pairs of all kinds, each with its own `id`. */
function choose(category, name) {
  const chosen = [];
  for (const [key, pairs] of Object.entries(require('./pairs.js'))) {
    if (category !== undefined && key !== category) continue;
    for (const pair of pairs) {
      if (name === undefined || pair.name.includes(name)) chosen.push({ ...pair, id: `${key}: ${pair.name}` });
    }
  }
  return chosen;
}

const looking = (code) => `
  let seen = '';
  const saw = (what) => { seen += '; ' + String(what); };
  ${code}
  return seen;
`;

/** The tasks of a pair. */
function codesOf({ plant, look, same }) {
  return { plant: same ? looking(look) : plant, look: looking(look) };
}

/** Keeps a planting task running until others have looked. */
const holding = (code) => `
  const wait = setTimeout;
  const PromiseOwn = Promise;
  const say = console.info;
  try {
    await (async () => { ${code} })();
  } finally {
    say('PLANTED');
    await new PromiseOwn((resolve) => wait(resolve, 120));
  }
`;

const SCRIPT = {
  filename: 'leak.mjs',
  code: `
    const AsyncFunction = (async () => {}).constructor;
    export default { run: ({ code, inputs }) => new AsyncFunction('inputs', 'config', code).call({}, inputs) };
  `,
};

const OPTIONS = {
  maxTaskRetries: 0,
  maxRestartAttempts: 5,
  restartCooldownMs: 20,
  workerMemoryLimitMB: 48,
  workerScript: SCRIPT,
  env: { deep: { list: [1] } },
};

/** Starts a pool, with host functions where this version has them. */
async function start(size, tasksPerWorker) {
  const options = { ...OPTIONS, poolSize: size, maxWorkers: size, tasksPerWorker };
  let pool;
  try {
    pool = await createWorkerPool({ ...options, host: { echo: (x) => x } });
  } catch (error) {
    if (error.code !== 'ERR_INVALID_ARG') throw error;
    pool = await createWorkerPool(options);
  }
  const lines = new Map();
  pool.on('console', ({ taskId, text }) => {
    if (!lines.has(taskId)) lines.set(taskId, []);
    lines.get(taskId).push(text);
    if (text === 'PLANTED') pool.emit('planted', taskId);
  });
  return { pool, lines };
}

const settle = async (promise) => (await Promise.allSettled([promise]))[0];

class Runner {
  #say;
  #place;
  /** Whether a task has planted something in the pool. */
  #used = false;
  #number = 0;

  /** @param {(record: object) => void} say - gets `{ end, arrangement, problems }` of each pair */
  constructor(say) {
    this.#say = say;
  }

  async run(pairs, arrangements = ARRANGEMENTS) {
    const begun = Date.now();
    for (const arrangement of arrangements) {
      const started = Date.now();
      await (arrangement === 'beside' ? this.#renew(2, 4) : this.#renew(1, 1));
      if (arrangement === 'beside') await this.#beside(pairs);
      else for (const pair of pairs) await this.#one(pair, arrangement);
      this.#say({ arrangement, count: pairs.length, ms: Date.now() - started });
    }
    await this.#place.pool.shutdown(false);
    this.#say({ done: true, ms: Date.now() - begun });
  }

  #submit(who, code, { inputs, id, timeout = TIMEOUT }) {
    const taskId = `${id} (${this.#number++})`;
    const byHandler = { type: 'run', payload: { code, inputs } };
    const task = who === 'handler' ? byHandler : { type: 'javascript', code, inputs };
    const settled = settle(this.#place.pool.submitTask({ ...task, id: taskId, timeout }));
    return { taskId, settled };
  }

  /** Runs a pair, and a second time in a new pool where it failed after other pairs had planted. */
  async #one(pair, arrangement) {
    if (pair.codeOnly && arrangement.startsWith('handler')) return;
    let problems = await this.#try(pair, arrangement);
    if (problems.length > 0 && this.#used) {
      await this.#renew(1, 1);
      problems = await this.#try(pair, arrangement);
    }
    this.#say({ end: pair.id, arrangement, problems });
    this.#used = true;
    if (problems.length > 0) await this.#renew(1, 1);
  }

  async #try(pair, arrangement) {
    const codes = codesOf(pair);
    const planter = arrangement === 'handler plants' ? 'handler' : 'code';
    const looker = arrangement === 'handler looks' ? 'handler' : 'code';
    const timeout = pair.fails === 'ERR_TASK_TIMEOUT' ? SHORT : TIMEOUT;
    const problems = [];
    const planted = await this.#submit(planter, codes.plant, { ...pair, timeout }).settled;
    if (!endsWell(pair, planted, planter)) problems.push(`the planting task ended with ${how(planted)}`);
    const look = this.#submit(looker, codes.look, pair);
    problems.push(...this.#judge(pair, await look.settled, look.taskId));
    return problems;
  }

  async #renew(size, tasksPerWorker) {
    await this.#place?.pool.shutdown(false);
    this.#place = await start(size, tasksPerWorker);
    this.#used = false;
  }

  /** Runs several pairs at once. Each looks on both workers. */
  async #beside(all) {
    const pairs = all.filter(({ fails, endsFirst }) => fails === undefined && !endsFirst);
    for (let at = 0; at < pairs.length; at += PAIRS_AT_ONCE) {
      const some = pairs.slice(at, at + PAIRS_AT_ONCE);
      const problems = some.map(() => []);
      const plants = await Promise.all(
        some.map(async (pair) => {
          const plant = this.#submit('code', holding(codesOf(pair).plant), pair);
          await Promise.race([this.#planted(plant.taskId), plant.settled]);
          return plant;
        }),
      );
      const look = async (pair, index) => {
        const { settled, taskId } = this.#submit('code', codesOf(pair).look, pair);
        problems[index].push(...this.#judge(pair, await settled, taskId));
      };
      await Promise.all([...some.map(look), ...some.map(look)]);
      await Promise.all(
        plants.map(async ({ settled }, index) => {
          const planted = await settled;
          if (planted.status === 'rejected') problems[index].push(`the planting task ended with ${how(planted)}`);
        }),
      );
      for (const [index, { id }] of some.entries()) {
        this.#say({ end: id, arrangement: 'beside', problems: problems[index] });
      }
      if (problems.flat().length > 0) await this.#renew(2, 4);
    }
  }

  #planted(taskId) {
    const { pool } = this.#place;
    return new Promise((resolve) => {
      pool.on('planted', function listener(id) {
        if (id !== taskId) return;
        pool.off('planted', listener);
        resolve();
      });
    });
  }

  #judge(pair, settled, taskId) {
    const problems = [];
    if (settled.status === 'rejected') problems.push(`the looking task ended with ${how(settled)}`);
    else if (typeof settled.value !== 'string') problems.push(`the looking task gave ${how(settled)}`);
    else if (settled.value !== '') problems.push(`it saw${settled.value.slice(1)}`);
    const lines = this.#place.lines.get(taskId) ?? [];
    if (pair.lines && lines.some(pair.lines)) problems.push(`it printed ${JSON.stringify(lines)}`);
    return problems;
  }
}

/** A planting handler may end in any error where an error is expected: it shares its isolate's memory. */
function endsWell({ fails }, settled, planter) {
  if (settled.status === 'fulfilled') return fails === undefined;
  return settled.reason.code === fails || (planter === 'handler' && fails !== undefined);
}

const how = ({ status, value, reason }) =>
  status === 'fulfilled' ? `the value ${String(value)}` : `${reason.code}: ${reason.message}`;

/** Runs a pair in one shared realm of node:vm, to prove that it finds what was planted. @returns what it saw */
async function seenInSharedRealm(pair) {
  const sandbox = { setTimeout, setInterval, setImmediate, clearTimeout, queueMicrotask, console: quiet() };
  const web = ['URL', 'URLSearchParams', 'EventTarget', 'Event', 'AbortSignal', 'AbortController', 'ReadableStream'];
  const more = ['WritableStream', 'TransformStream', 'Blob', 'TextDecoder', 'DOMException', 'MessagePort', 'atob'];
  const rest = ['MessageChannel', 'SubtleCrypto', 'performance', 'crypto', 'structuredClone', 'BroadcastChannel'];
  for (const name of [...web, ...more, ...rest]) sandbox[name] = globalThis[name];
  const context = vm.createContext(sandbox);
  const codes = codesOf(pair);
  const self = {};
  const run = (code) =>
    vm.runInContext(`(async function (inputs, config) {\n${code}\n})`, context).call(self, pair.inputs, undefined);
  await settle(run(codes.plant));
  const looked = await settle(run(codes.look));
  return looked.status === 'fulfilled' ? looked.value : `; ${looked.reason}`;
}

const quiet = () => Object.fromEntries(Object.keys(console).map((name) => [name, () => {}]));

module.exports = { ARRANGEMENTS, choose, Runner, seenInSharedRealm };
