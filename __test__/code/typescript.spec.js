'use strict';

// TypeScript in code tasks: types are removed, and enums and the like are compiled.

const assert = require('node:assert/strict');
const { describe, test } = require('../support/test.js');
const { withPool } = require('../support/pool.js');

describe('TypeScript', () => {
  test('types, interfaces, generics and assertions are removed, and enums compiled', async (t) => {
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

  test('syntax for which swc may add helpers stays one function', async (t) => {
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

  test('top-level await works in the body', async (t) => {
    const pool = await withPool(t);
    const code = 'const n: number = await Promise.resolve(1); return n';
    assert.equal(await pool.submitTask({ type: 'javascript', code }), 1);
  });
});
