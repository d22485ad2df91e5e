// Node 20 and 22.
import { createWorkerPool } from 'isolane';

const pool = await createWorkerPool({
  poolSize: 1,
  workerScript: new URL('../handlers.mjs', import.meta.url),
});
try {
  pool.once('pool-shutdown', () => console.log('closed'));

  const count = await pool.submitTask({ type: 'primes', payload: { below: 1_000 } });
  console.log(`${count} primes below 1000`);
} finally {
  await pool[Symbol.asyncDispose]();
}
console.log('after the block');
