// A waiting task with a lower priority number starts first; within one priority, first come is first served.
import { createWorkerPool } from 'isolane';

const pool = await createWorkerPool({
  poolSize: 1,
  workerScript: new URL('./handlers.mjs', import.meta.url),
});

const orders = [
  { name: 'report', priority: 100 },
  { name: 'mail A' }, // the default is 10
  { name: 'mail B' },
  { name: 'login', priority: 0 },
  { name: 'payment', priority: 5 },
];

pool.pause(); // let them all wait, so that the queue has something to sort
const finished = orders.map(async ({ name, priority }) => {
  console.log('done:', await pool.submitTask({ type: 'echo', payload: name, priority }));
});
pool.resume();

await Promise.all(finished);
await pool.shutdown();
