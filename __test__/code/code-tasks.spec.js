'use strict';

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { failure, record, script, withPool } = require('../support/pool.js');

describe('javascript', () => {
  test('code is the body of an async function of inputs and config', async (t) => {
    const pool = await withPool(t);
    const run = (code, inputs, config) => pool.submitTask({ type: 'javascript', code, inputs, config });
    assert.equal(await run('return inputs.a + config.b', { a: 1 }, { b: 2 }), 3);
    assert.equal(await run('const x = await Promise.resolve(inputs); return x', 5), 5);
    assert.equal(await run('await new Promise((resolve) => setTimeout(resolve, 1)); return inputs', 6), 6);
    assert.equal(await run('inputs; // nothing is returned', 1), undefined);
    assert.deepEqual(await run('return [typeof inputs, typeof config]'), ['undefined', 'undefined']);
    assert.equal(await run('function later() { return 7 } return later()'), 7);
    assert.equal(await run('return 8 // a comment at the end'), 8);
    assert.equal(await run(''), undefined);
  });

  test('inputs and config may be reassigned and changed, for this task alone', async (t) => {
    const pool = await withPool(t);
    const task = { type: 'javascript', code: 'inputs.n++; config = inputs.n; return config', inputs: { n: 1 } };
    assert.deepEqual([await pool.submitTask(task), await pool.submitTask(task)], [2, 2]);
    assert.equal(task.inputs.n, 1);
  });

  test('it needs no worker script, and any scope before the slash means the same', async (t) => {
    const pool = await withPool(t);
    for (const type of ['javascript', '@anything/javascript', '@n8n/javascript', '@a b/javascript']) {
      assert.equal(await pool.submitTask({ type, code: 'return inputs', inputs: 1 }), 1, type);
    }
  });

  test('code cannot close the function that it is the body of', async (t) => {
    const pool = await withPool(t);
    const lines = record(pool, 'console');
    for (const code of [
      'return 1 }) ; (async function () { return 2',
      '} ; {',
      '})',
      '}), (async () => { return 3',
      '}, (() => { for (;;); })(), async function () {',
      '}, console.log(1), async function () {',
      '}); console.log(1); (function () {',
      'const n: number = 1; }, console.log(1), async function () {',
      '}); console.log(1 as any); (function () {',
      '// \u2028 const n: number = 1; }); console.log(1); (function () {',
    ]) {
      const error = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
      assert.equal(error.cause.name, 'SyntaxError', code);
    }
    assert.deepEqual(lines, [], 'nothing of it has run');
  });

  test('code that closes its function is told so', async (t) => {
    const pool = await withPool(t);
    for (const code of ['}, async function () {', 'const n: number = 1; }, async function () {']) {
      const error = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
      assert.equal(error.cause.message, 'code must be the body of one function', code);
    }
  });

  test('code cannot import, require or reach the process', async (t) => {
    const pool = await withPool(t);
    const run = (code) => pool.submitTask({ type: 'javascript', code });
    assert.deepEqual(
      await run('return [typeof require, typeof process, typeof Deno, typeof isolane, typeof __bootstrap]'),
      Array(5).fill('undefined'),
    );
    for (const specifier of [
      'node:fs',
      'fs',
      'file:///etc/passwd',
      './x.js',
      'data:text/javascript,export default 1',
      'ext:core/mod.js',
      'ext:core/ops',
    ]) {
      await failure(run(`return Object.keys(await import(${JSON.stringify(specifier)}))`), 'ERR_TASK_FAILED');
    }
  });
});

describe('filter', () => {
  const table = [
    ['inputs.value > config.threshold', { value: 5 }, { threshold: 1 }, { value: 5 }],
    ['inputs.value > config.threshold', { value: 0 }, { threshold: 1 }, null],
    ['inputs.value > config.threshold;', { value: 5 }, { threshold: 1 }, { value: 5 }],
    ['inputs.value > 1 // why', { value: 5 }, undefined, { value: 5 }],
    ['return inputs.value > 1', { value: 5 }, undefined, { value: 5 }],
    ['return inputs.value > 1', { value: 0 }, undefined, null],
    ['const { value } = inputs; return value', { value: 1 }, undefined, { value: 1 }],
    ['if (inputs.a) { return true }', { a: 1 }, undefined, { a: 1 }],
    ['if (inputs.a) { return true }', { a: 0 }, undefined, null],
    ['({ picked: inputs.a })', { a: 1 }, undefined, { picked: 1 }],
    ['return { picked: inputs.a }', { a: 1 }, undefined, { picked: 1 }],
    ['{ a: inputs.b }', { b: 3 }, undefined, { a: 3 }],
    ['inputs.filter((n) => n > 1)', [1, 2, 3], undefined, [2, 3]],
    ['await Promise.resolve(inputs.ok)', { ok: true }, undefined, { ok: true }],
    ['Promise.resolve(false)', { ok: true }, undefined, null],
    ['1', 'a string', undefined, 'a string'],
    ['"text"', { a: 1 }, undefined, { a: 1 }],
    ['true', undefined, undefined, undefined],
    ['true', 0, undefined, 0],
    ['() => 1', { a: 1 }, undefined, { a: 1 }],
    ['""', { a: 1 }, undefined, null],
    ['0', { a: 1 }, undefined, null],
    ['NaN', { a: 1 }, undefined, null],
    ['null', { a: 1 }, undefined, null],
    ['undefined', { a: 1 }, undefined, null],
    ['false', { a: 1 }, undefined, null],
    ['0n', { a: 1 }, undefined, null],
    ['inputs.missing?.deep', { a: 1 }, undefined, null],
    ['', { a: 1 }, undefined, null],
    ['0, inputs.a', { a: 1 }, undefined, { a: 1 }],
    ['1, 0', { a: 1 }, undefined, null],
    ['inputs.a // why; ;', { a: 1 }, undefined, { a: 1 }],
    ['inputs.a <!-- why', { a: 1 }, undefined, { a: 1 }],
    ['inputs.a;\u2028', { a: 1 }, undefined, { a: 1 }],
    ['inputs.a\u2028&& inputs.b ;; ', { a: 1, b: 0 }, undefined, null],
    ['if (inputs.a) return true; return false', { a: 0 }, undefined, null],
    ['/[)]/.test(inputs.a) && `)` === ")"', { a: ')' }, undefined, { a: ')' }],
    ['(inputs as any).a === 1', { a: 1 }, undefined, { a: 1 }],
    ['0, (inputs as any).a', { a: 1 }, undefined, { a: 1 }],
    ['const n: number = inputs.a; return n > 0', { a: 1 }, undefined, { a: 1 }],
  ];
  for (const [code, inputs, config, expected] of table) {
    test(`${JSON.stringify(code)} of ${JSON.stringify(inputs)} gives ${JSON.stringify(expected)}`, async (t) => {
      const pool = await withPool(t);
      for (const type of ['filter', '@any/filter']) {
        assert.deepEqual(await pool.submitTask({ type, code, inputs, config }), expected);
      }
    });
  }

  for (const code of [
    '1); }, console.log(1), async function () { return (7',
    '1); console.log(1); (1',
    '1) + (console.log(1)',
    '"(", 1); console.log(1); (1',
    '1 <!-- (\n); console.log(1); (1',
    ') => {}, console.log(1), (1',
    '1\n); } ); console.log(1); (function () { (1',
    'return 1 }, console.log(1), async function () {',
    '1 as any); console.log(1); (1',
    '1 as any) + (console.log(1)',
    '1, ...[console.log(1)]',
    '1, , console.log(1)',
    '1]; console.log(1); [1',
    'const n: number = 1; }, console.log(1), async function () {',
  ]) {
    test(`${JSON.stringify(code)} is neither one expression nor one body`, async (t) => {
      const pool = await withPool(t);
      const lines = record(pool, 'console');
      const error = await failure(pool.submitTask({ type: 'filter', code, inputs: 1 }), 'ERR_TASK_FAILED');
      assert.equal(error.cause.name, 'SyntaxError');
      assert.deepEqual(lines, [], 'nothing of it has run');
    });
  }

  test('inputs that the code changed are given back changed', async (t) => {
    const pool = await withPool(t);
    const task = { type: 'filter', code: 'inputs.seen = true; return true', inputs: { a: 1 } };
    assert.deepEqual(await pool.submitTask(task), { a: 1, seen: true });
  });
});

describe('TypeScript', () => {
  test('types, interfaces, enums, generics and assertions are taken out', async (t) => {
    const pool = await withPool(t);
    const code = `
      interface Point { x: number; y?: number }
      enum Color { Red = 1, Green }
      type Pair<T> = [T, T];
      const point = inputs as Point;
      const pair: Pair<number> = [point.x, Color.Green];
      class Counter { constructor(private readonly n: number) {} get value(): number { return this.n; } }
      function id<T>(value: T): T { return value; }
      return [...pair, new Counter(3).value, id<string>('a'), point!.y ?? null] satisfies unknown[];
    `;
    assert.deepEqual(await pool.submitTask({ type: 'javascript', code, inputs: { x: 1 } }), [1, 2, 3, 'a', null]);
  });

  test('what swc has helpers or other forms for stays one function', async (t) => {
    const pool = await withPool(t);
    const code = `
      'use strict';
      enum Deep { a = 1 }
      class Point { x = 1; #y?: number; declare z: string; static seen: boolean; static { Point.seen = true } }
      using closed = { [Symbol.dispose]() {} } as any;
      // (a comment)
      return [Deep.a, new Point().x, Point.seen, /[}]/.test('}'), \`\${'}' as string}\`];
    `;
    assert.deepEqual(await pool.submitTask({ type: 'javascript', code }), [1, 1, true, true, '}']);
  });

  test('top-level await of the body stays possible', async (t) => {
    const pool = await withPool(t);
    const code = 'const n: number = await Promise.resolve(1); return n';
    assert.equal(await pool.submitTask({ type: 'javascript', code }), 1);
  });
});

test('a text is compiled once, and not again for another worker', async (t) => {
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

test('template objects of the same text are not shared between tasks', async (t) => {
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

test('the same text as javascript and as filter is two programs', async (t) => {
  const pool = await withPool(t);
  const task = { code: 'return 0', inputs: 1 };
  assert.equal(await pool.submitTask({ ...task, type: 'javascript' }), 0);
  assert.equal(await pool.submitTask({ ...task, type: 'filter' }), null);
});

test('thousands of different texts run right', async (t) => {
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

describe('nesting without end', () => {
  const COUNTER = 'let n = 0; export const count = () => ++n;';
  const DEEP = 100_000;
  const table = [
    ['parentheses', `return ${'('.repeat(DEEP)}1${')'.repeat(DEEP)}`],
    ['brackets', `return ${'['.repeat(DEEP)}${']'.repeat(DEEP)}`],
    ['unclosed brackets', `return ${'[{a:'.repeat(DEEP)}`],
    ['blocks', `${'{'.repeat(DEEP)}${'}'.repeat(DEEP)}`],
    ['functions', `return ${'(() => '.repeat(20_000)}1${')'.repeat(20_000)}`],
    ['templates', `return ${'`${'.repeat(20_000)}1${'}`'.repeat(20_000)}`],
    ['operators', `return ${'!'.repeat(DEEP)}1`],
    ['generic types', `const x: ${'Array<'.repeat(20_000)}number${'>'.repeat(20_000)} = []`],
    ['types in parentheses', `type T = ${'('.repeat(DEEP)}1${')'.repeat(DEEP)}`],
    ['blocks of TypeScript', `const n: number = 1; ${'{'.repeat(DEEP)}${'}'.repeat(DEEP)}`],
    ['blocks of TypeScript, within the stack', `const n: number = 1; ${'{'.repeat(30_000)}${'}'.repeat(30_000)}`],
    ['a sum of TypeScript', `const n: number = ${'1+'.repeat(DEEP)}1; return n`],
    ['conditions of TypeScript', `const n: number = 1; ${'if(1)'.repeat(50_000)};`],
    ['arrows of TypeScript', `const n: any = ${'a=>'.repeat(5_000)}1`],
  ];
  for (const [name, code] of table) {
    for (const type of ['javascript', 'filter']) {
      test(`${name} in ${type} cost the task alone`, async (t) => {
        const pool = await withPool(t, { workerScript: script(COUNTER) });
        assert.equal(await pool.submitTask({ type: 'count' }), 1);
        const outcome = await pool.submitTask({ type, code }).catch((error) => error);
        if (outcome instanceof Error) {
          assert.equal(outcome.code, 'ERR_TASK_FAILED', outcome.message);
          const { cause } = outcome;
          assert.match(`${cause.name}: ${cause.message}`, /^(RangeError: Maximum call stack|SyntaxError: )/);
        }
        assert.equal(await pool.submitTask({ type: 'count' }), 2, 'the isolate is the same');
      });
    }
  }

  test('what is too much for TypeScript names the limit', async (t) => {
    const pool = await withPool(t);
    const code = `const n: number = 1;\ntype T = ${'('.repeat(DEEP)}1${')'.repeat(DEEP)}`;
    const { cause } = await failure(pool.submitTask({ type: 'javascript', code }), 'ERR_TASK_FAILED');
    assert.equal(cause.name, 'SyntaxError');
    assert.match(cause.message, /TypeScript: it may need \d+ MiB of stack, and the limit is 1024 MiB$/);
  });

  test('a timeout ends a text that swc takes for ever', async (t) => {
    const pool = await withPool(t, { maxTaskRetries: 0 });
    const code = `return ${'<any>('.repeat(60)}1${')'.repeat(60)}`;
    await failure(pool.submitTask({ type: 'javascript', code, timeout: 100 }), 'ERR_TASK_TIMEOUT');
    assert.equal(await pool.submitTask({ type: 'javascript', code: 'const n: number = 1; return n' }), 1);
  });
});
