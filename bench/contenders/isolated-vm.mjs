import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

// Not among the packages of the project: to compile it takes minutes, and few who test want to compare.
const require = createRequire(new URL('../isolated-vm/package.json', import.meta.url));

/** Its version, or undefined where it was not built. Its addon is loaded by who measures only. */
function versionHere() {
  try {
    return require('isolated-vm/package.json').version;
  } catch {
    return undefined;
  }
}

const COPY = { arguments: { copy: true }, result: { copy: true }, timeout: 1000 };
/** No limit of time, as the other pools have none; the copying forms are those that its readme shows for values. */
const POOL_COPY = { arguments: { copy: true }, result: { copy: true } };
const MEMORY_LIMIT_MB = 128;

/** A context of an isolate and the function of `inputs` in it; the script is compiled once for the isolate. */
async function enter(isolate, script) {
  const context = await isolate.createContext();
  const guest = await script.run(context, { reference: true });
  return { context, guest };
}

const open = () => {
  const ivm = require('isolated-vm');
  return new ivm.Isolate({ memoryLimit: MEMORY_LIMIT_MB });
};
const compile = (isolate, code) => isolate.compileScript(`(function (inputs) { ${code} })`);

/** Isolates in turn; what they run is the default export of a module without imports, compiled in each. */
async function setup({ handler, workers }) {
  const text = await readFile(handler, 'utf8');
  const isolates = Array.from({ length: workers }, open);
  const guests = await Promise.all(
    isolates.map(async (isolate) => {
      const context = await isolate.createContext();
      const module = await isolate.compileModule(text, { filename: handler.href });
      await module.instantiate(context, (specifier) => {
        throw new Error(`no module ${specifier}`);
      });
      await module.evaluate();
      return module.namespace.get('default', { reference: true });
    }),
  );
  let next = 0;
  return {
    run(payload) {
      const guest = guests[next];
      next = (next + 1) % workers;
      return guest.apply(undefined, [payload], POOL_COPY);
    },
    async close() {
      for (const isolate of isolates) isolate.dispose();
    },
  };
}

const version = versionHere();
export default {
  name: 'isolated-vm',
  version,
  missing: version === undefined ? 'not installed; npm run bench:peers' : undefined,
  leftOut: { poolifier: 'takes more than a minute' },
  // Node's snapshot and other isolates in its process do not go together: its readme demands it.
  execArgv: ['--no-node-snapshot'],

  setup,
  start: setup,

  // One isolate: its tasks come one at a time.
  async realm({ code }) {
    const isolate = open();
    const script = await compile(isolate, code);
    return {
      async run(inputs) {
        const { context, guest } = await enter(isolate, script);
        const result = await guest.apply(undefined, [inputs], COPY);
        guest.release();
        context.release();
        return result;
      },
      close: async () => isolate.dispose(),
    };
  },

  async isolate({ code }) {
    return {
      async run(inputs) {
        const isolate = open();
        const context = await isolate.createContext();
        const result = await context.evalClosure(`const inputs = $0; ${code}`, [inputs], COPY);
        isolate.dispose();
        return result;
      },
      close: async () => {},
    };
  },

  async crowd({ code }) {
    const isolates = [];
    const guests = [];
    return {
      async add(count) {
        const fresh = Array.from({ length: count }, open);
        isolates.push(...fresh);
        const entered = fresh.map(async (isolate) => enter(isolate, await compile(isolate, code)));
        guests.push(...(await Promise.all(entered)));
      },
      runInEach: (payload) => Promise.all(guests.map(({ guest }, i) => guest.apply(undefined, [payload(i)], COPY))),
      async close() {
        for (const isolate of isolates) isolate.dispose();
      },
    };
  },
};
