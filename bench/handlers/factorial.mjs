/** Work for a processor: 1000! as a BigInt; what comes back is its rest, moved by the number of the task. */
export default function factorial(i) {
  let product = 1n;
  for (let n = 2n; n <= 1000n; n++) product *= n;
  return Number((product + BigInt(i % 8)) % 1_000_000_007n);
}
