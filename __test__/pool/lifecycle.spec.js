'use strict';

// How a pool keeps the process alive, and how the process ends.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');

const HOLD = `{ code: 'export default { hold: () => new Promise(() => {}), loop() { for (;;); }, wait: (ms) => new Promise((r) => setTimeout(r, ms, ms)), console() { console.log("x"); } }' }`;

test('an idle pool does not keep the process alive', async () => {
  ended(
    await runBody(
      `const pool = await start({ poolSize: 2 }); say(await pool.submitTask({ type: 'javascript', code: 'return 1' }));`,
    ),
  );
});

test('a pool that was never used does not keep the process alive', async () => {
  ended(await runBody('await start();'));
});

test('a running task keeps the process alive until it ends', async () => {
  const child = ended(
    await runBody(`
    const pool = await start({ workerScript: ${HOLD} });
    pool.submitTask({ type: 'wait', payload: 300 }).then(say);
  `),
  );
  assert.deepEqual(child.said, [300]);
});

test('waiting, delayed and retried tasks keep the process alive', async () => {
  const child = ended(
    await runBody(`
    const pool = await start({ workerScript: ${HOLD} });
    pool.submitTask({ type: 'wait', payload: 100 }).then(say);
    pool.submitTask({ type: 'wait', payload: 1 }).then(say);
    pool.submitTask({ type: 'javascript', code: 'return 2', delay: 300 }).then(say);
    pool.submitTask({ type: 'javascript', code: 'throw 1', maxRetries: 1, retryBackoffMs: 400 }).catch((error) => say(error.attempts));
  `),
  );
  assert.deepEqual(child.said.sort(), [1, 100, 2, 2]);
});

test('unref() lets the process end with work, and ref() takes it back', async () => {
  ended(
    await runBody(
      `const pool = await start({ workerScript: ${HOLD} }); pool.submitTask({ type: 'hold' }); pool.unref();`,
    ),
  );
  const child = ended(
    await runBody(`
    const pool = await start({ workerScript: ${HOLD} });
    pool.unref();
    pool.submitTask({ type: 'wait', payload: 200 }).then(say);
    pool.ref();
  `),
  );
  assert.deepEqual(child.said, [200]);
});

test('a module-level interval does not keep the process alive', async () => {
  ended(await runBody("await start({ workerScript: { code: 'setInterval(() => {}, 1); export default () => 1;' } });"));
});

test('a shutdown that nobody awaits ends before the process does', async () => {
  const child = ended(
    await runBody(`
    const pool = await start();
    pool.once('pool-shutdown', () => say('closed'));
    pool.shutdown();
  `),
  );
  assert.deepEqual(child.said, ['closed']);
});

for (const [name, task] of Object.entries({
  'a loop runs': `pool.submitTask({ type: 'loop' })`,
  'a promise is awaited': `pool.submitTask({ type: 'hold' })`,
  'a thousand tasks wait': `Array.from({ length: 1000 }, () => pool.submitTask({ type: 'javascript', code: 'return inputs', inputs: 'x' }))`,
  'large results are on their way': `Array.from({ length: 50 }, () => pool.submitTask({ type: 'javascript', code: 'return "x".repeat(1e6)' }))`,
})) {
  test(`process.exit() while ${name} ends at once with its exit code`, async () => {
    ended(
      await runBody(`
      const pool = await start({ poolSize: 2, maxQueue: 5000, workerScript: ${HOLD} });
      pool.on('task-started', () => setImmediate(() => process.exit(7)));
      ${task};
    `),
      7,
    );
  });
}

test('process.exit() while the pool starts', async () => {
  ended(await runBody('start({ poolSize: 4 }); setTimeout(() => process.exit(7), 5);'), 7);
  ended(await runBody('start({ poolSize: 4 }); setImmediate(() => process.exit(7));'), 7);
});

test('process.exit() in a listener, in a result, and in a shutdown', async () => {
  const task = "pool.submitTask({ type: 'javascript', code: 'console.log(1); return 1' })";
  ended(await runBody(`const pool = await start(); pool.on('console', () => process.exit(7)); await ${task};`), 7);
  ended(await runBody(`const pool = await start(); await ${task}; process.exit(7);`), 7);
  ended(await runBody(`const pool = await start(); pool.shutdown(); process.exit(7);`), 7);
});

test('an uncaught exception while tasks run gives its exit code', async () => {
  ended(
    await runBody(`
    const pool = await start({ workerScript: ${HOLD} });
    pool.submitTask({ type: 'loop' });
    setTimeout(() => { throw new Error('mine'); }, 50);
  `),
    1,
  );
});

test('SIGTERM ends a process whose tasks loop', async () => {
  const child = await runBody(`
    const pool = await start({ workerScript: ${HOLD} });
    pool.on('task-started', () => process.kill(process.pid, 'SIGTERM'));
    await pool.submitTask({ type: 'loop' });
  `);
  assert.deepEqual([child.code, child.signal], [null, 'SIGTERM'], child.stderr);
});

test('a pool whose script does not load does not keep the process alive', async () => {
  const child = ended(
    await runBody(`
    await start({ poolSize: 2, workerScript: { code: 'throw new Error("no")' } }).catch((error) => say(error.code));
  `),
  );
  assert.deepEqual(child.said, ['ERR_MODULE_LOAD']);
});

test('a pool without references may be garbage collected while its tasks run', async () => {
  const child = ended(
    await runBody(`
    const { setFlagsFromString } = require('node:v8');
    setFlagsFromString('--expose-gc');
    const gc = require('node:vm').runInNewContext('gc');
    const task = (await start()).submitTask({ type: 'javascript', code: 'await new Promise((r) => setTimeout(r, 200)); return 5' });
    const timer = setInterval(gc, 10);
    say(await task);
    for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate); }
    clearInterval(timer);
  `),
  );
  assert.deepEqual(child.said, [5]);
});
