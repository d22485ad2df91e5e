/// <reference types="node" />
import { EventEmitter } from 'node:events';

/**
 * Starts a pool of isolates, each with a thread of its own, and loads the worker script into them.
 * The pool becomes the default one of this module's own `submitTask`, `scaleUp` and so on.
 *
 * @returns when all `poolSize` workers are ready
 * @throws {IsolaneError} `ERR_INVALID_ARG`: an option is wrong. `ERR_MODULE_LOAD`: the worker script
 *   does not resolve, parse or evaluate; `file`, `line` and `column` say where.
 */
export function createWorkerPool(options?: WorkerPoolOptions): Promise<WorkerPool>;

/** {@link WorkerPool.submitTask} on the default pool; rejects with `ERR_NO_POOL` where there is none. */
export function submitTask<R = unknown>(task: Task, options?: TaskOptions): Promise<R>;
/** {@link WorkerPool.getPoolMetrics} on the default pool; throws `ERR_NO_POOL` where there is none. */
export function getPoolMetrics(): PoolMetrics;
/** {@link WorkerPool.scaleUp} on the default pool. */
export function scaleUp(count?: number): Promise<number>;
/** {@link WorkerPool.scaleDown} on the default pool. */
export function scaleDown(count?: number): Promise<number>;
/** {@link WorkerPool.shutdown} on the default pool, which is none from then on. */
export function shutdown(graceful?: boolean): Promise<void>;

/** The version of the package. */
export const version: string;

/** What is inside: the versions of the package, of V8, and of the crates between them (`name/version`, spaced). */
export const versions: Readonly<{ isolane: string; v8: string; engine: string }>;

/** What a task has where neither it nor the pool says otherwise. Times are milliseconds. */
export const TASK_DEFAULTS: Readonly<{
  priority: 10;
  /** Run time of a handler task. */
  timeout: 300000;
  /** Run time of a `'javascript'` code task. */
  javascriptTimeout: 60000;
  /** Run time of a `'filter'` code task. */
  filterTimeout: 30000;
  maxRetries: 3;
  retryBackoffMs: 1000;
}>;

/**
 * Options of a pool. Where one is absent its environment variable counts, then its default. A value
 * that is wrong, and an option that is unknown, reject with `ERR_INVALID_ARG`. Times are milliseconds.
 */
export interface WorkerPoolOptions {
  /**
   * Isolates started at once, 1 to 1024. Environment: `PERSISTENT_WORKER_POOL_SIZE`, `POOL_SIZE`.
   * @default os.availableParallelism()
   */
  poolSize?: number;
  /** Scaling does not go below. @default 1 */
  minWorkers?: number;
  /** Scaling does not go above. @default 4 × poolSize */
  maxWorkers?: number;
  /**
   * The ES module that holds the handlers, JavaScript or TypeScript: a path, a `file:` URL or source
   * text. Relative imports are loaded; where it imports packages by name, it is bundled with esbuild,
   * which has to be installed then.
   */
  workerScript?: string | URL | { code: string; filename?: string };
  /**
   * Limit of an isolate's JavaScript heap, ArrayBuffers and WebAssembly memory together, 16 to 65536. A
   * task that goes over it ends with `ERR_MEMORY_LIMIT`.
   * @default 128
   */
  workerMemoryLimitMB?: number;
  /**
   * A worker over it after a task is replaced. Environment: `WORKER_RESTART_MEMORY_THRESHOLD_MB`.
   * @default 0.75 × workerMemoryLimitMB
   */
  workerRestartMemoryMB?: number;
  /** Async tasks that one isolate may have in flight. @default 1 */
  tasksPerWorker?: number;
  /**
   * Silence after which a worker is a zombie: it is given up and replaced, and its tasks are retried or
   * fail with `ERR_WORKER_LOST`. Busy JavaScript is not silent; a thread that is stuck in native code is.
   * Also how long a worker may take to load the worker script.
   * @default 30000
   */
  zombieThresholdMs?: number;
  /**
   * How often a worker is asked for a sign of life; at least four times within `zombieThresholdMs`.
   * Environment: `WORKER_HEALTH_CHECK_INTERVAL_MS`.
   * @default 5000
   */
  heartbeatInterval?: number;
  /** Run time allowed for one attempt, from its start, for synchronous and asynchronous code. @default 300000 */
  taskTimeout?: number;
  /** Time that a task may wait for its first start. @default none */
  queueTimeout?: number;
  /** Attempts after the first. @default 3 */
  maxTaskRetries?: number;
  /** Delay before the second attempt; it doubles with each further one. @default 1000 */
  retryBackoffMs?: number;
  /** No delay is longer. @default 30000 */
  maxBackoffMs?: number;
  /** Share of the delay that is random, 0 to 1; it shortens the delay. @default 0 */
  retryJitter?: number;
  /**
   * Waiting tasks allowed; beyond it `submitTask` rejects with `ERR_QUEUE_FULL`. Environment:
   * `WORKER_TASK_QUEUE_SIZE`.
   * @default 100 × maxWorkers
   */
  maxQueue?: number;
  /** Which worker gets a task when several are free. @default 'least-loaded' */
  loadBalancing?: 'round-robin' | 'least-loaded';
  /** Whether lost workers are replaced. @default true */
  autoRestart?: boolean;
  /** Losses in a row without a finished task after which a worker stays down. @default 3 */
  maxRestartAttempts?: number;
  /** From the second loss in a row to the replacement. @default 5000 */
  restartCooldownMs?: number;
  /** A worker is replaced after so many tasks. @default none */
  maxTasksPerWorker?: number;
  /**
   * Isolates that were given up and take memory still (V8's fatal errors, zombies that did not come back)
   * from which on lost workers are not replaced: the health is `'critical'` then.
   * @default 32
   */
  maxAbandonedWorkers?: number;
  /**
   * Tasks that failed for good and are kept in the dead letter queue; the oldest makes room. 0 keeps none.
   * Their payloads and errors take 64 MB at most.
   * @default 1000
   */
  maxDeadLetters?: number;
  /**
   * Holds back a type of task whose attempts fail `failureThreshold` times in a row: it rejects with
   * `ERR_CIRCUIT_OPEN`, and its retries wait. After `resetTimeout` one task may try.
   * @default none
   */
  circuitBreaker?: {
    /** @default 10 */
    failureThreshold?: number;
    /** @default 30000 */
    resetTimeout?: number;
  };
  /**
   * Lets the pool choose its size between `minWorkers` and `maxWorkers`: more workers when
   * `scaleUpQueueDepth` tasks wait for longer than a moment (100 ms), one fewer when a worker had nothing
   * to do for `idleTimeout`; then no change for `cooldown`. `true` takes the defaults.
   * @default false
   */
  autoScale?:
    | boolean
    | {
        /** @default 10 */
        scaleUpQueueDepth?: number;
        /** @default 30000 */
        idleTimeout?: number;
        /** @default 5000 */
        cooldown?: number;
      };
  /** Values that tasks find, deeply frozen, in `ctx.env` and, in code tasks, the global `env`. @default {} */
  env?: Record<string, unknown>;
  /** Where `console.*` of tasks goes: to the `'console'` event, to this process's console, nowhere. @default 'event' */
  console?: 'event' | 'inherit' | 'ignore';
  /** How long a graceful shutdown may take. @default 20000 */
  shutdownTimeout?: number;
  /** What tasks may reach outside their isolate. @default nothing */
  permissions?: Permissions;
  /**
   * What is fresh in each task. Code tasks have `'context'` at least. `'isolate'` needs `tasksPerWorker: 1`.
   * @default 'shared'
   */
  isolation?: Isolation;
  /**
   * Functions of this process that tasks may call, as `ctx.host` and, in code tasks, the global `host`. Plain
   * objects may group them, 8 deep. What is changed in the tree later has no effect.
   * @default {}
   */
  host?: HostFunctions;
  /**
   * Calls of host functions that one task may have in flight, and streams that it may have open each way;
   * further ones reject with the code `ERR_HOST_BUSY` in the task.
   * @default 100
   */
  maxHostCalls?: number;
}

/**
 * A function that a task calls. It gets the task's arguments, cloned, and then a {@link HostContext}; what it
 * returns, or its promise gives, is cloned back. Async iterables cross as streams: as an argument or a result,
 * and as a property of a plain object that is one. Of an error, the task gets name, message and code.
 *
 * How many arguments there are is up to the task: take the context off the end, and check those that matter.
 */
export type HostFunction = (...args: any[]) => unknown;

export interface HostFunctions {
  readonly [name: string]: HostFunction | HostFunctions;
}

/** The last argument of a {@link HostFunction}: the task that calls. */
export interface HostContext {
  readonly taskId: string;
  readonly type: string;
  /** Counts from 1. */
  readonly attempt: number;
  readonly workerId: number;
  readonly metadata: unknown;
  /** Aborted when this attempt of the task ends, in whatever way. */
  readonly signal: AbortSignal;
}

/** What tasks may reach outside their isolate. What is not given is not allowed. */
export interface Permissions {
  /** Hosts that `fetch` may reach, or an object with them and the limits of each task. */
  net?: NetHost[] | NetPermission;
  /**
   * Modules that tasks may import, by their names: package names or URLs of a scheme of their own, such as
   * `'app:tools'`. Those that import packages or files are bundled with esbuild, which has to be installed then.
   */
  imports?: Record<string, string | URL | { code: string; filename?: string }>;
}

/**
 * `'api.example.com:443'`; without a port 80 and 443. `'*.example.com'` is every name below, `'*:443'` every public
 * host. `'localhost:3000'`, `'127.0.0.1:8080'` and `'[::1]:8080'` allow what is not public: an address of that kind
 * is refused otherwise, also behind a name that is listed.
 */
export type NetHost = string;

export interface NetPermission {
  /** @default [] */
  allow?: NetHost[];
  /** Requests that a task may make; each redirect is one. @default 1000 */
  maxRequests?: number;
  /** Requests that a task may have open; further ones wait. One is open until its response was read. @default 16 */
  maxConcurrent?: number;
  /** @default 16 MiB */
  maxRequestBytes?: number;
  /** Of a response, decompressed. @default 64 MiB */
  maxResponseBytes?: number;
  /** Milliseconds from the start of a request to the last byte of its response. @default 60000 */
  timeout?: number;
}

/**
 * What a task has for itself, the weakest first. `'shared'`: nothing; handlers keep their module's state.
 * `'context'`: a realm, with globals of its own. `'isolate'`: an isolate, into which the worker script is loaded
 * for this task alone; where none is ready, making one counts for the task's run time.
 */
export type Isolation = 'shared' | 'context' | 'isolate';

/** Settings of one task. Times are milliseconds. */
export interface TaskOptions {
  /** 0 is first, 100 last; first come, first served within one. @default 10 */
  priority?: number;
  /** Run time of one attempt. */
  timeout?: number;
  /** Time it may wait for its first start. */
  queueTimeout?: number;
  /** Attempts after the first. */
  maxRetries?: number;
  retryBackoffMs?: number;
  /** Not before this long after its submission. */
  delay?: number;
  /**
   * Aborts it: a waiting task leaves the queue, a running one gets `ctx.signal` and is ended when it
   * does not end by itself within a second. Rejects with `ERR_TASK_ABORTED` at once.
   */
  signal?: AbortSignal;
  /** Its name in errors, events and `ctx.taskId`; unique among the tasks that are not settled. */
  id?: string;
  /** Comes back in the events of the task. */
  metadata?: unknown;
  /**
   * ArrayBuffers that are moved into the pool, and not copied: they are detached when `submitTask` returns, also
   * where the payload does not have them, and whatever becomes of the task. Views of them in the payload arrive as
   * views of the moved ones. Each is there once, not detached, of a fixed length, and one that Node lets go of: not
   * the memory of WebAssembly, nor Node's pool of small Buffers. Where the task is refused for what it is
   * (`ERR_INVALID_ARG`, `ERR_DATA_CLONE`), or the pool is closed or the signal aborted already, they stay as they
   * are.
   *
   * The payload is there for one attempt: `maxRetries` is 0, another one is refused. Where that attempt was given
   * back because another task took the worker with it, and where its dead letter is tried again, it rejects with
   * `ERR_DATA_CLONE`. Its dead letter shows the buffers empty.
   *
   * What comes back in the result of the same task is moved as well; see `ctx.transfer` for other buffers.
   */
  transfer?: ArrayBuffer[];
  /** As strong as the pool's, or stronger. @default that of the pool */
  isolation?: Isolation;
}

/** Runs a handler of the worker script. */
export interface HandlerTask extends TaskOptions {
  /** Name of the handler. */
  type: string;
  /** Its first argument; crosses as by structured clone. */
  payload?: unknown;
  code?: undefined;
}

/** Runs source text, JavaScript or TypeScript, which is compiled once for each text. */
export interface CodeTask extends TaskOptions {
  /**
   * `'javascript'`: the body of an async function of `inputs` and `config`; its return value is the
   * result. `'filter'`: an expression or a body; truthy gives `inputs` back, or the object that it is,
   * falsy gives `null`.
   */
  type: 'javascript' | 'filter' | `@${string}/javascript` | `@${string}/filter`;
  code: string;
  inputs?: unknown;
  config?: unknown;
}

export type Task = HandlerTask | CodeTask;

/** A function of the worker script. */
export type Handler<P = any, R = any> = (payload: P, ctx: TaskContext) => R | Promise<R>;

/** The second argument of a handler. */
export interface TaskContext {
  readonly taskId: string;
  readonly type: string;
  /** Counts from 1. */
  readonly attempt: number;
  readonly workerId: number;
  /**
   * Has buffers that this task has made leave with its result without being copied. They are detached when the
   * result is written. Buffers that came in by `transfer`, and a result that is a buffer or a view in a fresh realm,
   * do so by themselves.
   * @throws {TypeError} for anything but ArrayBuffers of a fixed length that are not detached
   */
  transfer(...buffers: ArrayBuffer[]): void;
  /** Aborted when the caller cancels the task, and when its time is over. */
  readonly signal: AbortSignal;
  /** The pool's host functions, each of which returns a promise; that of an async iterable can be iterated. */
  readonly host: Readonly<Record<string, any>>;
  /** The pool's `env`, frozen. */
  readonly env: Readonly<Record<string, any>>;
}

/** A pool of isolates. Made by {@link createWorkerPool}. */
export class WorkerPool extends EventEmitter<WorkerPoolEvents> {
  private constructor();

  /** Workers wanted. */
  readonly size: number;

  /**
   * Runs a task. The promise settles exactly once, whatever happens to workers.
   * @param options settings that win over those of the task
   * @throws {IsolaneError} see {@link IsolaneErrorCode}
   */
  submitTask<R = unknown>(task: Task, options?: TaskOptions): Promise<R>;
  /** Runs tasks; the results are in their order. */
  submitTasks<R = unknown>(tasks: Iterable<Task>): Promise<PromiseSettledResult<R>[]>;

  getPoolMetrics(): PoolMetrics;
  getAllWorkersStatus(): WorkerStatus[];
  /** `undefined` where there is no such worker. */
  getWorkerStatus(workerId: number): WorkerStatus | undefined;
  /**
   * The metrics in the text format of Prometheus; needs the package `prom-client`.
   * @param options.labels put to every figure, to tell pools apart
   */
  prometheus(options?: { labels?: Record<string, string> }): Promise<string>;
  getHealth(): PoolHealth;
  /** For code that was written for a pool of processes. */
  readonly healthMonitor: { getHealthSummary(): HealthSummary };

  /** Whether the queue was full and is not empty since; `'drain'` follows. */
  readonly needsDrain: boolean;
  /**
   * Runs a task for each item; gives the results in the order of the items. At most `concurrency` tasks
   * were submitted and not read yet, and none is submitted while the queue is full. Stopping early aborts
   * the rest.
   * @param options.concurrency by default two for each task that the workers have room for
   * @throws what a task rejects with, at its place
   */
  map<T, R = unknown>(
    items: Iterable<T> | AsyncIterable<T>,
    toTask: (item: T, index: number) => Task | Promise<Task>,
    options?: { concurrency?: number; signal?: AbortSignal },
  ): AsyncGenerator<R, void, undefined>;

  /**
   * Tasks that failed for good, oldest first: they threw, ran out of time or memory, lost their worker,
   * or could not be run at all. Not those that were aborted, refused, or waited too long.
   */
  getDeadLetterQueue(): DeadLetter[];
  /**
   * Submits a dead letter again, with all its attempts. It stays in the queue if the pool refuses it.
   * @param id of the task; where several have it, the oldest is meant
   * @throws {IsolaneError} `ERR_INVALID_ARG` where there is none, and as {@link submitTask}
   */
  retryDeadLetter<R = unknown>(id: string): Promise<R>;
  /** @returns how many there were */
  clearDeadLetterQueue(): number;
  /** For code that was written for a pool of processes. */
  readonly taskQueue: { getDeadLetterQueue(): DeadLetter[] };

  /** More workers, at most `maxWorkers`. @returns the new size, when they are ready */
  scaleUp(count?: number): Promise<number>;
  /** Fewer workers, at least `minWorkers`; each ends its tasks first. @returns the new size, when they are gone */
  scaleDown(count?: number): Promise<number>;
  /** So many workers. @returns the new size, when it is reached */
  resize(size: number): Promise<number>;
  /**
   * Replaces a worker after its tasks; resolves when the new one is ready.
   * @throws {IsolaneError} `ERR_WORKER_LOST` when it does not start, or is scaled away meanwhile
   */
  restartWorker(workerId: number): Promise<void>;

  /** Starts no further task until {@link resume}; running ones go on. */
  pause(): void;
  resume(): void;
  /** Resolves when no task is waiting or running. */
  drain(): Promise<void>;

  /**
   * Ends the pool. Gracefully, accepted tasks may end within `shutdownTimeout`; otherwise, and after
   * that time, they reject with `ERR_POOL_CLOSED` and what runs is ended. A second call with `false`
   * cuts a graceful one short.
   * @returns when all threads have ended
   */
  shutdown(graceful?: boolean): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;

  /** Lets the pool keep the process alive while it has work; that is how it begins. */
  ref(): this;
  /** Lets the process end even while the pool has work. */
  unref(): this;
}

export type IsolaneErrorCode =
  /** An option or a task field is wrong; `field` and `value` say which. */
  | 'ERR_INVALID_ARG'
  /** No handler of that type; the message lists those there are. */
  | 'ERR_NO_HANDLER'
  /** The worker script does not resolve, parse or evaluate; `file`, `line` and `column` say where. */
  | 'ERR_MODULE_LOAD'
  /** A value cannot cross; the message names its path. */
  | 'ERR_DATA_CLONE'
  /** The queue is at `maxQueue`. */
  | 'ERR_QUEUE_FULL'
  /** Waited too long for its first start. */
  | 'ERR_QUEUE_TIMEOUT'
  /** Its last attempt ran too long. */
  | 'ERR_TASK_TIMEOUT'
  /** The caller's signal; `cause` is its reason. */
  | 'ERR_TASK_ABORTED'
  /** It threw on its last attempt, or its code does not parse; `cause` is its own error. */
  | 'ERR_TASK_FAILED'
  /** Its last attempt went over the memory of its isolate. */
  | 'ERR_MEMORY_LIMIT'
  /** The worker of its last attempt died or was a zombie, or no worker is left. */
  | 'ERR_WORKER_LOST'
  /** Tasks of its type failed too often; `retryAfterMs` says when the next one is let through. */
  | 'ERR_CIRCUIT_OPEN'
  /** After or during shutdown. */
  | 'ERR_POOL_CLOSED'
  /** No default pool. */
  | 'ERR_NO_POOL'
  /**
   * The addon does not load on this machine: thrown where isolane is imported. The message has each place that was
   * tried (`tried`) with its own error, and what helps.
   */
  | 'ERR_NATIVE_LOAD';

export class IsolaneError extends Error {
  constructor(code: IsolaneErrorCode, message: string, details?: { cause?: unknown; [name: string]: unknown });
  readonly name: 'IsolaneError';
  readonly code: IsolaneErrorCode;
  readonly taskId?: string;
  readonly type?: string;
  /** Attempts that were started. */
  readonly attempts?: number;
  readonly cause?: any;
  /** Of `ERR_INVALID_ARG`. */
  readonly field?: string;
  readonly value?: unknown;
  /** Of `ERR_MODULE_LOAD`: a URL, and where in it, from 1. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Of `ERR_CIRCUIT_OPEN`. */
  readonly retryAfterMs?: number;
  /** Of `ERR_NATIVE_LOAD`: files and packages, in their order. */
  readonly tried?: ReadonlyArray<{ path: string; error: Error }>;
}

/** A task that failed for good. Times are milliseconds since 1970. */
export interface DeadLetter {
  id: string;
  type: string;
  /** Of a handler task; a copy. */
  payload?: unknown;
  /** Of a code task. */
  code?: string;
  inputs?: unknown;
  config?: unknown;
  priority: number;
  metadata?: unknown;
  /** Attempts that were started. */
  attempts: number;
  submittedAt: number;
  failedAt: number;
  /** What its promise was rejected with. */
  error: IsolaneError;
  /** Of each attempt, oldest first; of very many the latest 100. */
  errors: Array<{
    /** Counts from 1; 0 where it never started. */
    attempt: number;
    workerId?: number;
    at: number;
    error: IsolaneError;
  }>;
}

/** Milliseconds. Zero throughout where nothing was measured yet. */
export interface TimeSummary {
  min: number;
  mean: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** Megabytes, as of the last look at the worker. */
export interface MemoryFigures {
  heapUsedMB: number;
  heapLimitMB: number;
  externalMB: number;
}

export interface PoolHealth {
  /** `'critical'`: no worker is able to take a task, or lost ones are not replaced any more. */
  status: 'healthy' | 'degraded' | 'critical';
  /** Share of the wanted workers that are able to take tasks. */
  capacity: number;
  /** Why it is not healthy, and what else an operator may want to know. */
  alerts: HealthAlert[];
}

export interface HealthAlert {
  reason:
    | 'worker-down'
    | 'workers-not-ready'
    | 'no-workers'
    | 'queue-full'
    | 'circuit-open'
    | 'abandoned-workers'
    | 'abandoned-limit';
  message: string;
  workerId?: number;
  type?: string;
  retryAfterMs?: number;
}

export interface HealthSummary extends PoolHealth {
  healthy: boolean;
  totalWorkers: number;
  healthyWorkers: number;
  unhealthyWorkers: number;
  zombieWorkers: number;
  queueDepth: number;
  /** Milliseconds since 1970. */
  checkedAt: number;
}

export interface PoolMetrics {
  pool: {
    size: number;
    minWorkers: number;
    maxWorkers: number;
    initialized: boolean;
    shuttingDown: boolean;
    /** Milliseconds. */
    uptime: number;
  };
  workers: {
    total: number;
    starting: number;
    ready: number;
    busy: number;
    unhealthy: number;
    /** Workers that were given up for their silence, and whose thread has not come back. */
    zombies: number;
    /** Isolates that were given up and take memory still: zombies, and those lost to fatal errors. */
    abandoned: number;
  };
  tasks: {
    submitted: number;
    completed: number;
    failed: number;
    retried: number;
    timedOut: number;
    aborted: number;
    rejected: number;
    queued: number;
    running: number;
    delayed: number;
    /** Dead letters. */
    dlq: number;
  };
  performance: {
    /** Share of attempts that ran in an isolate that had been used before. */
    workerReuseRate: number;
    workersSpawned: number;
    workersRestarted: number;
    /** Over the last ten seconds. */
    tasksPerSecond: number;
    runTimeMs: TimeSummary;
    waitTimeMs: TimeSummary;
    totalTimeMs: TimeSummary;
    errorRate: number;
  };
  health: PoolHealth;
  queue: {
    queueDepth: number;
    maxQueue: number;
    avgWaitTimeMs: number;
    oldestWaitMs: number;
    /** Waiting tasks for each priority that has any. */
    byPriority: Record<string, number>;
  };
  /** Of types whose latest attempt failed; the others are closed. */
  circuitBreakers: Array<{
    type: string;
    state: 'closed' | 'open' | 'half-open';
    /** In a row. */
    failures: number;
    retryAfterMs: number;
  }>;
  memory: MemoryFigures & { workers: Array<MemoryFigures & { workerId: number }> };
  isolates: {
    /** Those that were made for one task among them. */
    started: number;
    warm: number;
    /** Always 0 in this version. */
    resets: number;
    panics: number;
    /** Isolates lost to V8's fatal errors, such as a lack of memory where it cannot throw. */
    fatalErrors: number;
  };
}

export interface WorkerStatus {
  workerId: number;
  /** Counts the starts in this worker's place. */
  generation: number;
  state: 'starting' | 'ready' | 'busy' | 'draining' | 'restarting' | 'down';
  inFlight: number;
  tasksCompleted: number;
  restarts: number;
  failuresInARow: number;
  memory: MemoryFigures;
}

/** Why a worker ended. */
export type ExitReason =
  | 'memory-limit'
  | 'memory-threshold'
  | 'detached-realms'
  | 'pending-work'
  | 'max-tasks'
  | 'scale-down'
  | 'restart'
  | 'shutdown'
  | 'start-failed'
  | 'panic'
  | 'out-of-memory'
  | 'fatal-error'
  | 'unresponsive'
  | 'zombie';

/** In every event of a task. */
export interface TaskEvent {
  taskId: string;
  type: string;
  metadata?: unknown;
  attempt: number;
}

/** Events and what a listener gets. A listener that throws is warned of and harms nothing. */
export interface WorkerPoolEvents {
  'pool-initialized': [{ size: number; uptime: number }];
  /** `automatic`: by `autoScale`. */
  'pool-scaled-up': [{ from: number; to: number; automatic: boolean }];
  'pool-scaled-down': [{ from: number; to: number; automatic: boolean }];
  'pool-shutdown': [{ uptime: number }];
  'task-started': [TaskEvent & { workerId: number; waitMs: number }];
  'task-completed': [TaskEvent & { workerId: number; runMs: number }];
  /** `retried`: another attempt follows. */
  'task-failed': [TaskEvent & { workerId: number | null; retried: boolean }];
  'task-retried': [TaskEvent & { delayMs: number }];
  'task-dead-lettered': [Omit<TaskEvent, 'attempt'> & { attempts: number; deadLetters: number }];
  /** It made room for a newer one. */
  'dead-letter-dropped': [Omit<TaskEvent, 'attempt'>];
  'worker-ready': [{ workerId: number; generation: number }];
  'worker-error': [{ workerId: number; error: IsolaneError }];
  'worker-restarted': [{ workerId: number; generation: number; reason: ExitReason }];
  'worker-exited': [{ workerId: number; generation: number; reason: ExitReason }];
  /** `timeSinceHeartbeat`: milliseconds. `'worker-exited'` and `'worker-restarted'` follow. */
  'zombie-detected': [
    {
      workerId: number;
      generation: number;
      timeSinceHeartbeat: number;
      tasks: Array<Omit<TaskEvent, 'attempt'>>;
    },
  ];
  /** An isolate is over `workerRestartMemoryMB`, or a task was ended because of `workerMemoryLimitMB`. */
  'memory-alert': [
    {
      workerId: number;
      reason: 'threshold' | 'limit';
      heapUsedMB: number;
      externalMB: number;
      thresholdMB: number;
      limitMB: number;
    },
  ];
  'circuit-open': [{ type: string; failures: number; retryAfterMs: number }];
  'circuit-close': [{ type: string }];
  /** The worker stays down until `restartWorker`. */
  'worker-down': [{ workerId: number; failures: number }];
  /** The queue is full; `'drain'` follows when it is empty. */
  backpressure: [{ queueDepth: number; maxQueue: number }];
  drain: [Record<string, never>];
  console: [ConsoleEvent];
}

export interface ConsoleEvent {
  level: 'debug' | 'info' | 'log' | 'warn' | 'error' | 'trace';
  /** Formatted as Node does, without a line end. */
  text: string;
  workerId?: number;
  taskId?: string;
  type?: string;
  metadata?: unknown;
  /** Lines that were not delivered because they came faster than they were read. */
  dropped?: number;
}
