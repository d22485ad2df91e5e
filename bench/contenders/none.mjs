// No pool: the handler on the main thread. What is left is the cost of the benchmark's own loop.
export default {
  name: '(no pool)',
  version: process.version,
  async setup({ handler }) {
    const { default: run } = await import(handler);
    return {
      run: async (payload) => run(payload),
      close: async () => {},
    };
  },
};
