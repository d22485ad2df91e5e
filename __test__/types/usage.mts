// What a user writes has to type-check, and what is wrong has not. Checked by `npm run lint:types`.
import {
  createWorkerPool,
  getPoolMetrics,
  type Handler,
  type HostContext,
  IsolaneError,
  type IsolaneErrorCode,
  type PoolMetrics,
  submitTask,
  TASK_DEFAULTS,
  type TaskContext,
  version,
  versions,
  WorkerPool,
} from 'isolane';

const pool: WorkerPool = await createWorkerPool({
  poolSize: 2,
  workerScript: new URL('./worker.ts', import.meta.url),
  loadBalancing: 'round-robin',
  console: 'inherit',
  isolation: 'context',
  env: { region: 'eu' },
  host: {
    now: () => Date.now(),
    db: { query: async (sql: string, ctx: HostContext) => [sql.length, ctx.signal.aborted] },
    async *rows(count: number) {
      yield count;
    },
  },
  maxHostCalls: 10,
});

const page = await pool.submitTask<{ html: string }>({ type: 'render', payload: { markdown: '#' }, priority: 5 });
page.html.toUpperCase();
await pool.submitTask({ type: 'javascript', code: 'return 1', inputs: {}, config: {} }, { timeout: 100 });
await pool.submitTask({ type: '@anything/filter', code: 'true', signal: AbortSignal.timeout(10) });
await pool.submitTask({ type: 'render', isolation: 'isolate' });
const settled = await pool.submitTasks<number>([{ type: 'a' }, { type: 'b', payload: 1 }]);
for (const result of settled) if (result.status === 'fulfilled') result.value.toFixed();

const unknownResult: unknown = await submitTask({ type: 'a' });
const metrics: PoolMetrics = getPoolMetrics();
metrics.performance.runTimeMs.p99.toFixed(2);
const size: number = await pool.scaleUp(2);
pool.getWorkerStatus(size)?.memory.heapUsedMB.toFixed();

pool.on('task-completed', ({ taskId, runMs, workerId }) => `${taskId} ${runMs.toFixed()} ${workerId.toFixed()}`);
pool.once('worker-exited', ({ reason }) => reason === 'memory-limit');
pool.on('console', ({ level, text }) => `${level}: ${text}`);

const handler: Handler<{ width: number }, number> = ({ width }, ctx: TaskContext) => {
  ctx.signal.throwIfAborted();
  return width * ctx.attempt;
};
const code: IsolaneErrorCode = 'ERR_TASK_TIMEOUT';
const error = new IsolaneError(code, 'late', { taskId: 'a' });
error.cause satisfies unknown;
const retries: 3 = TASK_DEFAULTS.maxRetries;
[version, versions.v8 satisfies string, unknownResult, handler, retries] satisfies unknown[];

{
  await using scoped = await createWorkerPool();
  scoped.unref().ref();
}
await pool.shutdown(false);

await createWorkerPool({
  permissions: { net: ['api.example.com:443'], imports: { 'app:tools': new URL('./tools.ts', import.meta.url) } },
});
await createWorkerPool({
  permissions: { net: { allow: ['localhost:3000'], maxRequests: 10 }, imports: { tools: { code: '' } } },
});
// @ts-expect-error a permission that does not exist
await createWorkerPool({ permissions: { files: [] } });
// @ts-expect-error an option that does not exist
await createWorkerPool({ poolsize: 2 });
// @ts-expect-error a host function that is none
await createWorkerPool({ host: { db: 5 } });
// @ts-expect-error a value that is not allowed
await createWorkerPool({ loadBalancing: 'random' });
// @ts-expect-error an isolation that there is not
await createWorkerPool({ isolation: 'none' });
// @ts-expect-error a task without a type
await pool.submitTask({ payload: 1 });
// @ts-expect-error code with the type of a handler
await pool.submitTask({ type: 'render', code: 'return 1' });
// @ts-expect-error made by createWorkerPool alone
new WorkerPool();
