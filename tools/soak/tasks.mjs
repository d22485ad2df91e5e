/** The kinds of tasks that the soak submits, and how each of them may end. */

export const HANDLERS = `
  'soak:sleep': ({ ms, n }) => new Promise((resolve) => setTimeout(resolve, ms, n)),
  'soak:busy': ({ ms, n }) => { const until = Date.now() + ms; while (Date.now() < until); return n; },
  'soak:garbage': ({ n }) => { let last; for (let i = 0; i < 20_000; i++) last = { i, n }; return last.n; },
  'soak:fail': ({ n }) => { throw Object.assign(new Error('as agreed'), { n }); },
  'soak:second': ({ n }, { attempt }) => { if (attempt === 1) throw new Error('not yet'); return n; },
  'soak:hold': ({ n }, { signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(n))),
  'soak:leave': ({ n }) => { Promise.reject(new Error('left')); setInterval(() => {}, 1); console.log(n); return n; },
`;

const gives = (expected) => (settled) => settled.status === 'fulfilled' && settled.value === expected;
const isCode = (settled, code) => settled.status === 'rejected' && settled.reason?.code === code;

/** A task, and whether a settlement of it is right. */
const KINDS = {
  sleep: (n, random) => [{ type: 'soak:sleep', payload: { n, ms: random.between(1, 200) } }, gives(n)],
  busy: (n, random) => [{ type: 'soak:busy', payload: { n, ms: random.between(1, 60) } }, gives(n)],
  garbage: (n) => [{ type: 'soak:garbage', payload: { n } }, gives(n)],
  leave: (n) => [{ type: 'soak:leave', payload: { n } }, gives(n)],
  second: (n) => [{ type: 'soak:second', payload: { n }, maxRetries: 1, retryBackoffMs: 5 }, gives(n)],
  // Each its own text: the cache of compiled code is filled and emptied.
  code: (n) => [{ type: 'javascript', code: `return inputs.n - ${n}`, inputs: { n } }, gives(0)],
  fail: (n) => [
    { type: 'soak:fail', payload: { n } },
    (settled) => isCode(settled, 'ERR_TASK_FAILED') && settled.reason.cause?.n === n,
  ],
  late: (n) => [
    { type: 'soak:sleep', payload: { n, ms: 60_000 }, timeout: 20 },
    (settled) => isCode(settled, 'ERR_TASK_TIMEOUT'),
  ],
  abort: (n, random) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), random.between(0, 40));
    const type = random.pick(['soak:hold', 'soak:busy', 'soak:sleep']);
    return [
      { type, payload: { n, ms: 20 }, signal: controller.signal },
      // It may have been faster.
      (settled) => isCode(settled, 'ERR_TASK_ABORTED') || (type !== 'soak:hold' && gives(n)(settled)),
    ];
  },
};

/** Makes a task of any kind with random settings. */
export function anyTask(n, random) {
  const kind = random.pick(Object.keys(KINDS));
  const [task, isRight] = KINDS[kind](n, random);
  if (random.chance(0.3)) task.priority = random.between(0, 100);
  if (random.chance(0.1)) task.delay = random.between(1, 100);
  return { kind, task, isRight };
}
