/** The tiny task: what it costs is the pool. Each result is unique, so a swapped one is caught. */
export const sum = {
  handler: new URL('../handlers/sum.mjs', import.meta.url),
  payload: (i) => ({ a: i, b: 7 }),
  check(result, i) {
    if (result !== i + 7) throw new Error(`task ${i} gave ${result}, not ${i + 7}`);
  },
};
