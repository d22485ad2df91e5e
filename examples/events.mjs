// What a pool tells those who listen: enough for a log, a metric or an alarm.
import { createWorkerPool } from 'isolane';

const pool = await createWorkerPool({
  poolSize: 1,
  workerScript: new URL('./handlers.mjs', import.meta.url),
  maxTaskRetries: 1,
  retryBackoffMs: 10, // the default is a second
});

const shown = {
  'task-started': ({ type, attempt }) => `${type}, attempt ${attempt}`,
  'task-completed': ({ type, attempt }) => `${type}, attempt ${attempt}`,
  'task-failed': ({ type, attempt, retried }) => `${type}, attempt ${attempt}, retried: ${retried}`,
  'task-retried': ({ type, delayMs }) => `${type}, after ${delayMs} ms`,
  console: ({ type, level, text }) => `${type}, ${level}: ${text}`,
  'worker-exited': ({ workerId, reason }) => `worker ${workerId}, ${reason}`,
  'pool-shutdown': () => 'bye',
};
for (const [event, describe] of Object.entries(shown)) {
  pool.on(event, (details) => console.log(event.padEnd(14), describe(details)));
}

await pool.submitTask({ type: 'greet', payload: { name: 'Ada' } });
await pool.submitTask({ type: 'flaky' });
await pool.submitTask({ type: 'broken', payload: { file: 'a.txt' } }).catch(({ message }) => console.log(message));
await pool.shutdown();
