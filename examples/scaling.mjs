// A pool grows and shrinks while it works, within minWorkers and maxWorkers.
import { createWorkerPool } from 'isolane';

const pool = await createWorkerPool({
  poolSize: 1,
  maxWorkers: 4,
  workerScript: new URL('./handlers.mjs', import.meta.url),
});

console.log('start:', pool.size);
console.log('scaleUp(2):', await pool.scaleUp(2));
console.log('scaleUp(10):', await pool.scaleUp(10));

// A worker that has to go ends its task first.
const tasks = Array.from({ length: 4 }, () => pool.submitTask({ type: 'wait', payload: { ms: 100 } }));
console.log('scaleDown(3):', await pool.scaleDown(3));
console.log('tasks lost:', (await Promise.allSettled(tasks)).filter(({ status }) => status === 'rejected').length);

console.log('resize(2):', await pool.resize(2));
console.log(
  'workers:',
  pool
    .getAllWorkersStatus()
    .map(({ state }) => state)
    .join(', '),
);
await pool.shutdown();
