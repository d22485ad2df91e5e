// Start a pool on a module of handlers, run three of its tasks side by side, close the pool.
import { createWorkerPool } from 'isolane';

const pool = await createWorkerPool({
  poolSize: 2,
  workerScript: new URL('./handlers.mjs', import.meta.url),
});

const limits = [1_000, 100_000, 1_000_000];
const counts = await Promise.all(limits.map((below) => pool.submitTask({ type: 'primes', payload: { below } })));
limits.forEach((below, i) => {
  console.log(`${counts[i]} primes below ${below}`);
});

await pool.shutdown();
