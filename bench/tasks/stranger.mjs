/** Code of somebody unknown: it finds out whether anybody has been where it runs, and adds two numbers. */
export const stranger = {
  /** The body of a function of `inputs`. */
  code: `if (globalThis.guest !== undefined) return 'somebody was here';
globalThis.guest = inputs.a;
return inputs.a + inputs.b;`,
  /** The same for those that are given a module. */
  handler: new URL('../handlers/stranger.mjs', import.meta.url),
  payload: (i) => ({ a: i, b: 7 }),
  check(result, i) {
    if (result !== i + 7) throw new Error(`task ${i} gave ${result}, not ${i + 7}`);
  },
};
