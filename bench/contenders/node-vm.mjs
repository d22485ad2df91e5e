import vm from 'node:vm';

const compile = (code) => new vm.Script(`(function () { ${code} })()`);
// What people set it to varies; that it is set costs a thread for each run.
const OPTIONS = { timeout: 1000 };

// On the main thread, in its heap: it keeps names apart and protects from nobody.
export default {
  name: 'node:vm',
  version: process.version,
  async realm({ code }) {
    const script = compile(code);
    return {
      run: async (inputs) => script.runInContext(vm.createContext({ inputs }), OPTIONS),
      close: async () => {},
    };
  },
  async crowd({ code }) {
    const script = compile(code);
    const contexts = [];
    return {
      async add(count) {
        for (let i = 0; i < count; i++) contexts.push(vm.createContext({}));
      },
      async runInEach(payload) {
        return contexts.map((context, i) => {
          context.inputs = payload(i);
          return script.runInContext(context, OPTIONS);
        });
      },
      async close() {
        contexts.length = 0;
      },
    };
  },
};
