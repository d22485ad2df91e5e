'use strict';

// Promises whose machinery the task has replaced: whoever awaits or resolves them must be of its realm.

const { NATIVES } = require('./natives.js');

/** Natives that answer with a promise. */
const ASYNC = NATIVES.filter(([name]) =>
  /subtle|Blob (text|array)|getReader|write|pipeTo|cancel|WebAssembly.(compile|inst)|import/.test(name),
);
const calls = ASYNC.map(
  ([name, expression, sound]) => `[${JSON.stringify(name)}, () => { const x = ${sound}; return ${expression}; }],`,
);

const FAKE = `
  function Fake(executor) {
    $.here('constructor', this, arguments);
    executor(
      function (value) { $.here('resolve', this, arguments); },
      function (error) { $.here('reject', this, arguments); },
    );
  }
`;

const withAll = (body) => `
  const { then } = Promise.prototype;
  const calls = [${calls.join('\n')}];
  ${FAKE}
  for (let i = 0; i < calls.length; i++) {
    const label = calls[i][0];
    let promise;
    try { promise = calls[i][1](); } catch (error) { $.see(label, error); continue; }
    $.see(label, promise);
    Reflect.apply(then, promise, [() => {}, () => {}]);
    ${body}
  }
  $.see('nothing', {});
  await new Promise((resolve) => setTimeout(resolve, 20));
`;

const piece = (name, source, code, more) => ({ name, source, code, naive: false, mayFail: true, ...more });

module.exports = [
  piece(
    'the species of a promise of the platform',
    'CVE-2023-30547, CVE-2023-37466, GHSA-cchq-frgv-rjh5',
    withAll(`
      promise.constructor = { [Symbol.species]: Fake };
      $.tries(label + ' then', () => promise.then((v) => $.see('v', v), (e) => $.see('e', e)));
      $.tries(label + ' finally', () => promise.finally(function () { $.here('finally', this, arguments); }));
    `),
  ),
  piece(
    'a species that changes between two looks',
    'vm2 test "Constructor getter TOCTOU attack via Promise"',
    withAll(`
      let looks = 0;
      Object.defineProperty(promise, 'constructor', {
        get() { if (looks < 4) $.here('constructor getter', this, arguments); return looks++ === 0 ? Promise : { [Symbol.species]: Fake }; },
      });
      $.tries(label, () => promise.then(() => {}, () => {}));
      (async () => { await promise; })().catch((e) => $.see('await', e));
    `),
  ),
  piece(
    'a frozen species',
    'vm2 test "Frozen constructor attack via Promise species"',
    withAll(`
      promise.constructor = Object.freeze({ [Symbol.species]: Fake });
      Object.freeze(promise);
      $.tries(label, () => promise.catch((e) => $.see('e', e)));
    `),
  ),
  piece(
    'a then of its own',
    'CVE-2026-22709',
    withAll(`
      promise.then = function (resolve, reject) { $.here('then', this, arguments); return Reflect.apply(then, this, arguments); };
      (async () => await promise)().catch(() => {});
      $.triesAsync(label, () => Promise.all([promise]));
      $.triesAsync(label, () => Promise.resolve(promise));
    `),
  ),
  piece(
    'Promise.prototype.then replaced while natives work',
    'CVE-2023-29017, vm2 test "Function.prototype.call attack via Promise"',
    `
      const calls = [${calls.join('\n')}];
      const { then } = Promise.prototype;
      let busy = false;
      Promise.prototype.then = function (resolve, reject) {
        if (!busy) { busy = true; try { $.here('then', this, arguments); } finally { busy = false; } }
        return Reflect.apply(then, this, arguments);
      };
      for (let i = 0; i < calls.length; i++) await $.triesAsync(calls[i][0], calls[i][1]);
    `,
  ),
  ...['all', 'allSettled', 'any', 'race', 'resolve', 'reject', 'try', 'withResolvers'].map((method) =>
    piece(
      `Promise.${method} for another constructor`,
      'vm2 test "Promise.all static method stealing attack"',
      `
        ${FAKE}
        Fake.resolve = function (value) { $.here('Fake.resolve', this, arguments); return { then: (f, g) => $.here('then', this, [f, g]) }; };
        const broken = { get [Symbol.iterator]() { const e = new Error(); e.name = Symbol(); return e.stack + \`\${e}\`; } };
        $.tries('values', () => Promise.${method}.call(Fake, [1, {}]));
        $.tries('broken', () => Promise.${method}.call(Fake, broken));
        $.tries('throwing', () => Promise.${method}.call(Fake, () => { const e = new Error(); e.name = Symbol(); return \`\${e}\`; }));
        $.see('Fake', Fake);
      `,
      { needs: `Promise.${method}` },
    ),
  ),
  piece(
    'Reflect.construct of a promise with another new.target',
    'vm2 test "Reflect.construct Promise species bypass attack"',
    `
      ${FAKE}
      Fake[Symbol.species] = Fake;
      const made = Reflect.construct(Promise, [() => { null.x; }], Fake);
      $.see('made', made);
      Reflect.apply(Promise.prototype.then, made, [(v) => $.see('v', v), (e) => $.see('e', e)]);
      Reflect.apply(Promise.prototype.finally, made, [function () { $.here('finally', this, arguments); }]);
    `,
  ),
  piece(
    'an async generator that is closed with a thenable',
    'CVE-2026-45411',
    `
      let rounds = 0;
      async function* inner() { try { yield 1; } finally { $.seeSites('finally'); } }
      async function* outer() { try { yield* { [Symbol.asyncIterator]: () => ({
        next: async () => ({ value: 1, done: rounds++ > 3 }),
        return(value) { $.here('return', this, arguments); return { get then() { $.here('then', this, arguments); null.x; } }; },
        throw(error) { $.here('throw', this, arguments); throw error; },
      }) }; } catch (e) { $.see('caught', e); throw e; } }
      const generator = outer();
      await generator.next();
      await $.triesAsync('return', () => generator.return({ get then() { const e = new Error(); e.name = Symbol(); return \`\${e}\`; } }));
      const other = inner();
      await other.next();
      await $.triesAsync('throw', () => other.throw({}));
      await $.triesAsync('from', () => Array.fromAsync(outer()));
    `,
  ),
  piece(
    'a disposal that suppresses an error',
    'vm2, ATTACKS.md category 16',
    `
      const raise = () => { const e = new Error(); e.name = Symbol(); return \`\${e}\`; };
      const stack = new DisposableStack();
      stack.defer(() => { throw null; });
      stack.defer(raise);
      const error = $.throws('dispose', () => stack.dispose());
      $.see('suppressed', error?.suppressed); $.see('error', error?.error);
      const later = new AsyncDisposableStack();
      later.defer(async () => { null.x; });
      later.defer(async () => raise());
      const reason = await $.rejects('disposeAsync', () => later.disposeAsync());
      $.see('reasons', [reason?.suppressed, reason?.error]);
      $.tries('using', () => eval('{ using a = { [Symbol.dispose]: raise }; throw null; }'));
    `,
    { needs: "typeof DisposableStack === 'function'" },
  ),
  piece(
    'Array.fromAsync and its promise',
    'vm2, ATTACKS.md category 19',
    `
      $.see('promise', Array.fromAsync([0], () => { null.x; }).catch((e) => $.see('e', e)));
      await $.rejects('fromAsync', () => Array.fromAsync([0], () => { const e = new Error(); e.name = Symbol(); return \`\${e}\`; }));
    `,
    { needs: 'Array.fromAsync' },
  ),
  piece(
    'an aggregate of errors, and errors as causes',
    'GHSA-55hx-c926-fr95',
    `
      const error = await $.rejects('any', () => Promise.any([crypto.subtle.digest('nope', new Uint8Array(1)), import('fs')]));
      $.see('errors', error?.errors);
      for (const inner of error?.errors ?? []) $.see('inner', inner);
      $.see('cause', new Error('e', { cause: error }).cause);
    `,
    { naive: true },
  ),
  piece(
    'a null object thrown and resolved',
    'GHSA-mpf8-4hx2-7cjg, GHSA-9vg3-4rfj-wgcm, CVE-2026-44009',
    `
      const bare = { __proto__: null };
      try { throw bare; } catch (e) { e.f = atob; $.see('f', bare.f); }
      await Promise.resolve(bare).then((e) => { e.g = new TextEncoder().encode; $.see('g', bare.g); });
      const c = new AbortController();
      c.abort(bare);
      $.see('reason', c.signal.reason); $.see('bare', bare);
      $.throws('throwIfAborted', () => c.signal.throwIfAborted());
    `,
    { naive: true },
  ),
];
