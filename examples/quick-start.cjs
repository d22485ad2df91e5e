// The quick start from CommonJS.
const { join } = require('node:path');
const { createWorkerPool } = require('isolane');

async function main() {
  const pool = await createWorkerPool({
    poolSize: 2,
    workerScript: join(__dirname, 'handlers.mjs'),
  });

  const count = await pool.submitTask({ type: 'primes', payload: { below: 100_000 } });
  console.log(`${count} primes below 100000`);

  await pool.shutdown();
}

main();
