// The errors that a caller meets, each brought about on purpose. All are IsolaneErrors with a `code`; `cause` is the
// task's own error.
import { createWorkerPool, submitTask } from 'isolane';

const workerScript = new URL('./handlers.mjs', import.meta.url);
const show = (error) => {
  const cause = error.cause ? ` (cause: ${error.cause.name}: ${error.cause.message})` : '';
  console.log(`${error.code}: ${error.message}${cause}`);
};

// Before there is a pool.
await submitTask({ type: 'echo' }).catch(show);
await createWorkerPool({ poolSize: -1 }).catch(show);
await createWorkerPool({ poolSize: 1, workerScript: { code: 'export default {', filename: 'half.mjs' } }).catch(show);

const pool = await createWorkerPool({
  workerScript,
  poolSize: 1,
  workerMemoryLimitMB: 64,
  maxQueue: 1,
  maxTaskRetries: 0, // by default a failed task is tried three more times, after 1, 2 and 4 seconds
});

// The task is refused.
await pool.submitTask({ type: 'echo', priority: 1000 }).catch(show);
await pool.submitTask({ type: 'resize' }).catch(show);
await pool.submitTask({ type: 'echo', payload: { user: { save() {} } } }).catch(show);

// The task fails.
await pool.submitTask({ type: 'broken', payload: { file: 'a.txt' } }).catch((error) => {
  show(error);
  console.log(`  own property: ${error.cause.file}, thrown at ${error.cause.stack.match(/handlers\.mjs:\d+/)}`);
});
await pool.submitTask({ type: 'spin', timeout: 100 }).catch(show);
await pool.submitTask({ type: 'hoard' }).catch(show);
await pool.submitTask({ type: 'wait', payload: { ms: 60_000 }, signal: AbortSignal.timeout(50) }).catch(show);

// The task does not get its turn.
pool.pause();
const waiting = pool.submitTask({ type: 'echo', queueTimeout: 50 }).catch(show);
await pool.submitTask({ type: 'echo' }).catch(show);
await waiting;
pool.resume();

await pool.shutdown();
await pool.submitTask({ type: 'echo' }).catch(show);
