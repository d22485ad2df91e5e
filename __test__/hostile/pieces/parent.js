'use strict';

// Floods and abuse of what the parent gives: host functions, `fetch`, and modules to import.

const { fails, memory, overflow, timeout, value } = require('../outcomes.js');

const gives = (name, code, expected, options) => ({ name, code, expect: value(expected), options });
const endless = (name, code, options) => ({ name, code, expect: timeout, options: { calm: true, ...options } });
const thrown = (name, code, cause, options) => ({ name, code, expect: fails(cause), options });

const many = (count, each) => `Array.from({ length: ${count} }, (_, i) => ${each})`;
const settled = (count, each) => `(await Promise.allSettled(${many(count, each)}))`;
const answered = (list) => `return ${list}.filter(({ status }) => status === 'fulfilled').length`;

module.exports = [
  endless('an endless chain of calls', 'for (;;) await host.echo(1);'),
  endless('an endless chain of calls, in a filter', 'for (;;) await host.echo(1);', { type: 'filter' }),
  {
    name: 'an endless chain of calls, in a handler',
    handler: 'async (_, { host }) => { for (;;) await host.echo(1); }',
    expect: timeout,
    options: { calm: true },
  },
  {
    name: 'a flood of calls that are never awaited',
    code: 'for (;;) host.echo(1).catch(() => {});',
    expect: memory,
    options: { calm: true },
  },
  {
    name: 'a flood of calls that never settle',
    code: 'for (;;) host.never();',
    expect: memory,
    options: { calm: true },
  },
  gives('a burst of calls that it leaves', 'for (let i = 0; i < 1e4; i++) host.echo(i).catch(() => {}); return 1', 1),
  gives('a burst of calls beyond the limit', answered(settled(5000, 'host.echo(i)')), (n) => n >= 100 && n < 5000),
  gives('calls that never settle and are left', `${many(100, 'host.never()')}; return 1`, 1, { crowd: 20 }),
  { name: 'a call that never settles', code: 'return host.never()', expect: timeout },
  gives('a call that begins when its task is over', 'setTimeout(() => host.echo(1), 0); return 1', 1),
  thrown('a function that there is not', 'return host.nothing()', /^TypeError: /),
  gives('what every object has but host', 'return [host.__proto__, host.constructor, host.toString]', [
    undefined,
    undefined,
    undefined,
  ]),
  gives('a function of its own in host', 'try { host.echo = () => 7; } catch {} return host.echo(1)', 1),
  thrown('an argument that cannot be cloned', 'return host.echo(() => {})', /^DataCloneError: arguments\[0\]/),
  {
    name: 'an argument with a getter that loops',
    code: 'return host.echo({ get x() { for (;;); } })',
    expect: timeout,
  },
  {
    name: 'an argument that calls while it is read',
    code: 'const o = { get x() { host.echo(o); return 1; } }; return host.echo(o)',
    expect: [memory, overflow],
    varies: 'each level takes of the stack and of the heap',
  },
  {
    name: 'an argument that is larger than its isolate may be',
    code: 'return (await host.echo("x".repeat(4e7))).length',
    expect: memory,
  },
  { name: 'results that are kept', code: 'const all = []; for (;;) all.push(await host.fat());', expect: memory },
  endless('a stream of the parent without end', 'for await (const _ of host.count());'),
  endless('a stream of its own without end', 'return host.drain((async function* () { for (;;) yield 1; })())'),
  thrown(
    'a stream of its own that throws',
    'return host.drain((async function* () { yield 1; throw new Error("gotcha"); })())',
    /^Error: gotcha$/,
  ),
  {
    name: 'a stream of its own that loops when it is closed',
    code: 'await host.first((async function* () { try { yield 1; } finally { for (;;); } })()); await new Promise(() => {})',
    expect: timeout,
  },
  gives(
    'streams that nobody reads',
    `for (const stream of await Promise.all(${many(50, 'host.count()')})) await stream.next(); return 1`,
    1,
    { crowd: 10 },
  ),
  thrown(
    'more streams than there may be',
    'for (;;) await (await host.count()).next()',
    /^Error: too many streams are open/,
  ),

  gives(
    'a flood of requests',
    answered(settled(500, 'fetch(env.server + "/ok").then((response) => response.text())')),
    (n) => n >= 100 && n < 500,
    { calm: true },
  ),
  endless('requests without end', 'for (;;) await fetch(env.server + "/ok").catch(() => {});', { timeout: 1000 }),
  gives('requests that it leaves', `${many(100, 'fetch(env.server + "/never").catch(() => {})')}; return 1`, 1, {
    crowd: 10,
  }),
  { name: 'a request that is never answered', code: 'await fetch(env.server + "/never")', expect: timeout },
  thrown('a response without end', 'return (await fetch(env.server + "/endless")).text()', /^TypeError: .*larger than/),
  gives('a response that nobody reads', 'return (await fetch(env.server + "/endless")).status', 200, { crowd: 20 }),
  thrown('redirects without end', 'return fetch(env.server + "/loop")', /^TypeError: .*redirects/),
  thrown(
    'a body without end',
    'return fetch(env.server + "/sink", { method: "POST", duplex: "half", body: new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(1e5)); } }) })',
    /^TypeError: .*larger than/,
  ),
  gives(
    'requests that are aborted at once',
    `for (let i = 0; i < 100; i++) { const c = new AbortController(); fetch(env.server + '/never', { signal: c.signal }).catch(() => {}); c.abort(); } return 1`,
    1,
  ),
  gives('a flood of requests that are refused', answered(settled(1000, 'fetch("http://10.0.0." + (i % 256))')), 0, {
    calm: true,
  }),
  thrown(
    'headers that end early',
    `return fetch(env.server + '/ok', { headers: { a: 'b\\r\\nc: d' } })`,
    /^TypeError: /,
  ),

  gives(
    'one module many times',
    'let n = 0; for (let i = 0; i < 1e4; i++) n += (await import("app:tools")).one; return n',
    1e4,
  ),
  gives('one module many times at once', `return (await Promise.all(${many(1e4, 'import("app:tools")')})).length`, 1e4),
  gives('modules that it leaves', `${many(1000, 'import("app:tools")')}; return 1`, 1, { crowd: 20 }),
  endless('imports of names without end', 'for (let i = 0; ; i++) await import("app:" + i).catch(() => {});'),
  thrown('a module of a huge name', 'return import("x".repeat(1e6))', /^TypeError: import of 'x+' is not allowed/),
  thrown('a module that throws', 'return import("app:throws").catch(() => import("app:throws"))', /^Error: top$/),
  { name: 'a module that loops', code: 'await import("app:loop")', expect: timeout },
  {
    name: 'a module that loops, after its task is over',
    code: 'import("app:loop"); await new Promise(() => {})',
    expect: timeout,
  },
  { name: 'a module that never comes to its end', code: 'await import("app:never")', expect: timeout },
  { name: 'a module that takes all memory', code: 'await import("app:hog")', expect: memory },
  gives('modules that import each other', 'const { a } = await import("app:a"); return a()() === a', true),
  gives('an import in an eval', `return (await (0, eval)('import("app:tools")')).one`, 1),
  gives('an import in a new Function', `return (await new Function('return import("app:tools")')()).one`, 1),
  gives(
    'what an earlier task has done to a module',
    'const { kept } = await import("app:tools"); return kept.push(1)',
    1,
    { crowd: 20 },
  ),
];
