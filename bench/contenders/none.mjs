// No pool: the handler on the main thread. What is left is the cost of the benchmark's own loop.
async function setup({ handler }) {
  const { default: run } = await import(handler);
  return {
    run: async (payload) => run(payload),
    close: async () => {},
  };
}

/** One event loop, with as many tasks at once as the workers of a pool may have together. */
async function setupWaiting(options) {
  const pool = await setup(options);
  let free = options.concurrency * options.workers;
  if (free >= options.tasks) return pool;
  const waiting = [];
  let head = 0;
  const ended = () => {
    if (head < waiting.length) waiting[head++]();
    else free++;
  };
  return {
    ...pool,
    async run(payload) {
      if (free > 0) free--;
      else await new Promise((resolve) => waiting.push(resolve));
      const result = await pool.run(payload);
      ended();
      return result;
    },
  };
}

export default {
  name: '(no pool)',
  version: process.version,
  setup,
  waiting: setupWaiting,
};
