/**
 * Keeps the workers of a pool that has no pause from taking tasks: each is given one that blocks its thread
 * until the gate opens (handlers/number.mjs). Spread into what `queue` of a contender resolves with.
 */
export function closedGate(pool, workers) {
  const gate = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * 2));
  let blocked;
  return {
    async hold() {
      blocked = Array.from({ length: workers }, () => pool.run({ gate }));
      while (Atomics.load(gate, 1) < workers) await new Promise(setImmediate);
    },
    async release() {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
      await Promise.all(blocked);
    },
  };
}
