'use strict';

const assert = require('node:assert/strict');
const { format } = require('node:util');
const { test } = require('../support/test.js');
const { ended, runBody } = require('../support/child.js');
const { failure, nextTurn, script, withPool } = require('../support/pool.js');

async function linesOf(t, code, options) {
  const pool = await withPool(t, options);
  const lines = [];
  pool.on('console', (line) => lines.push(line));
  await pool.submitTask({ type: 'javascript', code, id: 'it', metadata: 5 });
  await nextTurn();
  return lines;
}

test('each method has its level, and each event its worker and task', async (t) => {
  const levels = ['debug', 'info', 'log', 'warn', 'error'];
  const lines = await linesOf(t, levels.map((level) => `console.${level}('${level}!');`).join(''));
  assert.deepEqual(
    lines,
    levels.map((level) => ({
      level,
      text: `${level}!`,
      workerId: 0,
      taskId: 'it',
      type: 'javascript',
      metadata: 5,
    })),
  );
});

test('values are formatted as Node does', async (t) => {
  const values = [
    ['"text"', ['text']],
    ['1, "a", true, null, undefined, 5n', [1, 'a', true, null, undefined, 5n]],
    ['{ a: 1, b: [1, 2, { c: "x" }] }', [{ a: 1, b: [1, 2, { c: 'x' }] }]],
    ['[]', [[]]],
    ['"%s is %d years, %i, %f, %j %o %%", "Ann", 42, 42.9, 1.5, 0', undefined],
    ['new Map([[1, { a: 2 }]])', [new Map([[1, { a: 2 }]])]],
    ['new Set(["a"])', [new Set(['a'])]],
    ['Symbol("s")', [Symbol('s')]],
    ['', []],
    ['"a\\nb"', ['a\nb']],
  ].filter(([, expected]) => expected);
  const lines = await linesOf(t, values.map(([code]) => `console.log(${code});`).join(''));
  assert.deepEqual(
    lines.map(({ text }) => text),
    values.map(([, args]) => format(...args)),
  );
});

test('values with cycles, throwing getters and proxies can be logged', async (t) => {
  const lines = await linesOf(
    t,
    `
    const cycle = {}; cycle.self = cycle; console.log(cycle);
    console.log({ get bad() { throw new Error('getter') } });
    console.log(new Proxy({}, { get() { throw new Error('trap') } }));
    try { console.log({ [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('custom') }, toString: 1 }); } catch {}
    console.log('end');
  `,
  );
  assert.equal(lines.at(-1).text, 'end');
});

test('table, group, count, time, assert, dir and trace emit events', async (t) => {
  const lines = await linesOf(
    t,
    `
    console.table([{ a: 1 }]); console.group('g'); console.log('inside'); console.groupEnd();
    console.count(); console.time('t'); console.timeEnd('t'); console.assert(false, 'wrong'); console.dir({ a: 1 }); console.trace('here');
  `,
  );
  const texts = lines.map(({ text }) => text).join('\n');
  for (const part of ['a', 'inside', 'default: 1', 't: ', 'wrong', '{ a: 1 }', 'here'])
    assert.ok(texts.includes(part), `${part} in ${texts}`);
});

test('a line comes before the end of its task', async (t) => {
  const pool = await withPool(t);
  const seen = [];
  pool.on('console', ({ text }) => seen.push(text));
  await pool.submitTask({ type: 'javascript', code: 'console.log("line")' }).then(() => seen.push('end'));
  assert.deepEqual(seen, ['line', 'end']);
});

test('lines of a loop come while it runs', async (t) => {
  const pool = await withPool(t);
  const heard = new Promise((resolve) => pool.once('console', resolve));
  const controller = new AbortController();
  const task = failure(
    pool.submitTask({ type: 'javascript', code: 'console.log("in"); for (;;);', signal: controller.signal }),
    'ERR_TASK_ABORTED',
  );
  assert.equal((await heard).text, 'in');
  controller.abort();
  await task;
});

test('a line of a module has no task', async (t) => {
  const pool = await withPool(t, {
    maxWorkers: 2,
    workerScript: script("console.log('loading'); export default () => 1;"),
  });
  const heard = new Promise((resolve) => pool.once('console', resolve));
  await pool.scaleUp();
  const { level, text, taskId, workerId } = await heard;
  assert.deepEqual(
    { level, text, taskId, workerId },
    { level: 'log', text: 'loading', taskId: undefined, workerId: 1 },
  );
});

test('lines that come too fast are dropped and counted', async (t) => {
  const pool = await withPool(t);
  let lines = 0;
  let dropped = 0;
  pool.on('console', (line) => {
    if (line.dropped === undefined) lines++;
    else dropped += line.dropped;
  });
  await pool.submitTask({ type: 'javascript', code: 'for (let i = 0; i < 50000; i++) console.log(i)' });
  await nextTurn();
  assert.equal(lines + dropped, 50_000);
});

test('long lines and odd characters arrive whole', async (t) => {
  const lines = await linesOf(
    t,
    'console.log("x".repeat(1e6)); console.log("漢字 👍 \\u0000"); console.log("\\ud800")',
  );
  assert.equal(lines[0].text.length, 1e6);
  assert.equal(lines[1].text, '漢字 👍 \0');
  assert.equal(lines.length, 3);
});

test("with 'inherit' lines go to this process's console, by their level", async () => {
  const child = ended(
    await runBody(`
    const pool = await start({ console: 'inherit' });
    pool.on('console', () => console.log('an event'));
    await pool.submitTask({ type: 'javascript', code: 'console.log("to out %d", 1); console.warn("to err"); console.log("%s stays", "%d")' });
  `),
  );
  assert.equal(child.stdout, 'to out 1\n%d stays\n');
  assert.equal(child.stderr, 'to err\n');
});

test("with 'ignore' nothing is emitted or printed", async () => {
  const child = ended(
    await runBody(`
    const pool = await start({ console: 'ignore' });
    pool.on('console', () => console.log('an event'));
    await pool.submitTask({ type: 'javascript', code: 'console.log("a"); console.error("b")' });
  `),
  );
  assert.deepEqual([child.stdout, child.stderr], ['', '']);
});

test("with 'event' and no listener nothing is printed", async () => {
  const child = ended(
    await runBody(`
    const pool = await start();
    await pool.submitTask({ type: 'javascript', code: 'console.log("a"); console.error("b")' });
  `),
  );
  assert.deepEqual([child.stdout, child.stderr], ['', '']);
});
