'use strict';

// Functions of the parent: what they are in a task, what they return, throw and take.

const GET = `
  const functions = typeof host !== 'undefined' ? host : typeof ctx !== 'undefined' ? ctx.host : undefined;
  if (typeof functions?.echo !== 'function') $.missing('functions of the host');
  $.see('a function of the host', functions?.echo);
`;

const SOURCE = 'GHSA-55hx-c926-fr95, CVE-2026-44000, CVE-2026-22686, CVE-2022-23923, CVE-2021-21413';
const piece = (name, code, more) => ({ name, source: SOURCE, code: GET + code, mayFail: true, ...more });

const NAMES = ['echo', 'object', 'fail', 'failWithObject', 'later', 'laterFail', 'uncloneable', 'numbers'];

module.exports = [
  piece(
    'the object and its functions',
    `$.see('host', functions); for (const name of Reflect.ownKeys(functions)) $.see(name, functions[name]);`,
  ),
  ...NAMES.map((name) =>
    piece(
      `${name}: its promise, its answer, its error`,
      `
        const answer = $.tries('call', () => functions.${name}({ list: [new Map()] }));
        $.see('promise', answer);
        const value = await $.triesAsync('answer', () => answer);
        if (value?.[Symbol.asyncIterator]) for await (const item of value) $.see('item', item);
      `,
    ),
  ),
  piece(
    'an answer chained',
    `$.see('chain', Promise.resolve(functions.later()).finally(() => { null.x; }).catch((e) => $.see('e', e)).then((v) => $.see('v', v)));`,
  ),
  piece(
    'a species of its promise',
    `
      const promise = functions.later();
      promise.constructor = { [Symbol.species]: function (executor) { $.here('species', this, arguments); executor((v) => $.see('v', v), (e) => $.see('e', e)); } };
      $.tries('then', () => promise.then((v) => $.see('v', v)));
      await $.triesAsync('await', () => promise);
    `,
  ),
  piece(
    'arguments that look',
    `
      const args = [$.hook('hook'), $.spy('proxy'), () => 1, { get a() { $.here('getter', this, arguments); return 1; } }, { then(f) { $.here('then', this, arguments); f(1); } }, Symbol('x')];
      for (const arg of args) await $.triesAsync('call', async () => functions.echo(arg));
    `,
  ),
  piece(
    'receivers and constructions',
    `
      for (const receiver of [undefined, null, {}, $.spy('this'), globalThis]) await $.triesAsync('call', async () => functions.echo.call(receiver, 1));
      $.tries('new', () => new functions.echo(1));
      $.tries('apply', () => Reflect.apply(functions.echo, undefined, $.spy('arguments', [1])));
      $.tries('bind', () => functions.echo.bind({}));
      await $.compiles('constructor', functions.echo.constructor);
    `,
  ),
  piece(
    'names that no host function has',
    `for (const name of ['constructor', '__proto__', 'toString', 'then', 'nothing', Symbol.iterator]) $.tries(String(name), () => functions[name]?.call?.(functions, 'return globalThis'));`,
  ),
  piece(
    'calls where the stack is full',
    `$.deepest('echo', () => functions.echo({})); $.deepest('fail', () => functions.fail());`,
  ),
  piece(
    'callers inside',
    `$.tries('caller', () => functions.echo.caller); $.tries('arguments', () => functions.echo.arguments); $.seeSites('stack');`,
  ),
  piece(
    'the functions written to',
    `$.tries('write', () => { 'use strict'; functions.echo = 1; }); $.tries('define', () => Object.defineProperty(functions, 'more', { value: 1 })); $.tries('proto', () => Object.setPrototypeOf(functions, $.spy('proto'))); $.see('host', functions);`,
  ),
];
