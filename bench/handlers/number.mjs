/** Gives back a number, as it is or in an object; what it gets where a pool has no pause is a gate to wait at. */
export default function number(payload) {
  if (typeof payload === 'number') return payload;
  const { value, gate } = payload;
  if (gate === undefined) return value;
  Atomics.add(gate, 1, 1);
  Atomics.wait(gate, 0, 0);
}
