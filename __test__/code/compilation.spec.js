'use strict';

// Tasks with the same source text share its compiled code, but nothing else.

const assert = require('node:assert/strict');
const { test } = require('../support/test.js');
const { withPool } = require('../support/pool.js');

test('a source text is compiled once for all workers', async (t) => {
  // Each level doubles the time that the parser of TypeScript takes.
  const code = `return ${'<any>('.repeat(18)}1${')'.repeat(18)}`;
  const compile = async () => {
    const pool = await withPool(t);
    const run = async (text) => {
      const begun = performance.now();
      assert.equal(await pool.submitTask({ type: 'javascript', code: text }), 1);
      return performance.now() - begun;
    };
    await run('return 1');
    return [await run(code), await run(code)];
  };
  const [[first, again], [elsewhere]] = [await compile(), await compile()];
  assert.ok(again < first / 5 && elsewhere < first / 5, `${first}, ${again} and ${elsewhere} ms`);
});

test('template objects of the same source text are not shared between tasks', async (t) => {
  const pool = await withPool(t);
  // One call site has one template object in each realm (ECMAScript 13.2.8.4).
  const code = `
    const own = new Set();
    for (let i = 0; i < 3; i++) own.add(((strings) => strings)\`x\`);
    const [site] = own;
    const isOwn = (list) => Object.getPrototypeOf(list) === Array.prototype;
    const seen = [own.size, isOwn(site), isOwn(site.raw), site.mark];
    Array.prototype.mark = 'left';
    return [...seen, site.mark];
  `;
  const run = () => pool.submitTask({ type: 'javascript', code });
  for (let i = 0; i < 3; i++) assert.deepEqual(await run(), [1, true, true, undefined, 'left']);
});

test('the same source text is compiled separately as javascript and as filter', async (t) => {
  const pool = await withPool(t);
  const task = { code: 'return 0', inputs: 1 };
  assert.equal(await pool.submitTask({ ...task, type: 'javascript' }), 0);
  assert.equal(await pool.submitTask({ ...task, type: 'filter' }), null);
});

test('thousands of different source texts run correctly', async (t) => {
  const pool = await withPool(t, { maxQueue: 5000 });
  const numbers = Array.from({ length: 2000 }, (_, n) => n);
  const results = await Promise.all(numbers.map((n) => pool.submitTask({ type: 'javascript', code: `return ${n}` })));
  assert.deepEqual(results, numbers);
});

test('code may hold any characters', async (t) => {
  const pool = await withPool(t);
  const text = 'ä 漢字 👍 \u2028 \u2029 \u0000';
  assert.equal(await pool.submitTask({ type: 'javascript', code: `return ${JSON.stringify(text)}` }), text);
  assert.equal(await pool.submitTask({ type: 'javascript', code: "return '漢字 👍'" }), '漢字 👍');
});
