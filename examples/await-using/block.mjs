// Node 24 and later.
import { createWorkerPool } from 'isolane';

{
  await using pool = await createWorkerPool({
    poolSize: 1,
    workerScript: new URL('../handlers.mjs', import.meta.url),
  });
  pool.once('pool-shutdown', () => console.log('closed'));

  const count = await pool.submitTask({ type: 'primes', payload: { below: 1_000 } });
  console.log(`${count} primes below 1000`);
}
console.log('after the block');
