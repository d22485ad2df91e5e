/** Results of handlers that work depend on the number of the task modulo this. */
const KINDS = 8;

/** A task that keeps a processor busy; what comes back is compared with what this process makes of it. */
async function workOf(name) {
  const handler = new URL(`../handlers/${name}.mjs`, import.meta.url);
  const { default: run } = await import(handler);
  const expected = Array.from({ length: KINDS }, (_, i) => run(i));
  return {
    handler,
    payload: (i) => i,
    check(result, i) {
      if (result !== expected[i % KINDS]) throw new Error(`task ${i} gave ${result}, not ${expected[i % KINDS]}`);
    },
  };
}

export const json = await workOf('json');
export const hash = await workOf('hash');
export const factorial = await workOf('factorial');
