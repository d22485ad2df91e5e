// A service that ends well: on SIGTERM or Ctrl+C it takes no more work, finishes what it has taken, and exits.
import { createWorkerPool } from 'isolane';

const pool = await createWorkerPool({
  poolSize: 2,
  workerScript: new URL('./handlers.mjs', import.meta.url),
  shutdownTimeout: 10_000, // what still runs then is ended
});

let taken = 0;
let finished = 0;

async function work() {
  const task = pool.submitTask({ type: 'wait', payload: { ms: 100 } });
  taken += 1;
  await task;
  finished += 1;
}

async function stop(signal) {
  console.log(`${signal}: shutting down`);
  clearInterval(arrivals);
  const closed = pool.shutdown();
  await pool.submitTask({ type: 'echo' }).catch(({ code }) => console.log(`a late task: ${code}`));
  await closed;
  console.log(`${finished} of ${taken} tasks finished`);
}

const arrivals = setInterval(work, 20);
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

await work();
console.log(`ready, stop me with: kill ${process.pid}`);
