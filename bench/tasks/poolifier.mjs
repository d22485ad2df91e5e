import run from '../handlers/poolifier.mjs';

const DATA = { test: 'MYBENCH', taskType: 'CPU_INTENSIVE', taskSize: 1000 };
const expected = run(DATA).factorial;

/** What poolifier's own benchmark against other pools sends, the same object each time. */
export const factorial = {
  handler: new URL('../handlers/poolifier.mjs', import.meta.url),
  payload: () => DATA,
  check(result, i) {
    if (result.ok !== 1 || result.factorial !== expected) throw new Error(`task ${i} gave a wrong product`);
  },
};
