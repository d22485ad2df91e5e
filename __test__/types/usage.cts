// The same from CommonJS.
import isolane = require('isolane');

async function main(): Promise<void> {
  const pool: isolane.WorkerPool = await isolane.createWorkerPool({ poolSize: 1 });
  const result: number = await pool.submitTask<number>({ type: 'javascript', code: 'return 1' });
  result.toFixed();
  await isolane.shutdown();
}
main();
