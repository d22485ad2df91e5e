'use strict';

// Arguments that look at whoever reads them: conversions, getters, iterators, proxies, thenables. Whoever
// reads them must be of the task's realm, and so must be what it hands over.

const { NATIVES } = require('./natives.js');

const SOURCES = 'vm2 #174, vm2 #224, CVE-2023-32314, CVE-2023-29199';

/** They look at no argument. */
const UNTOUCHED = ['performance.now', 'crypto.randomUUID', 'clearTimeout', 'EventTarget addEventListener'];

module.exports = NATIVES.filter(([name]) => !UNTOUCHED.includes(name)).map(([name, expression, , needs]) => ({
  name,
  source: SOURCES,
  needs,
  naive: false,
  // Node does not check its argument.
  blind: name === 'Blob slice' ? 'it ends Node' : undefined,
  mayFail: true,
  code: `
    const call = (x) => ${expression};
    const own = new Error('own');
    const throwing = () => { throw own; };
    const args = [
      $.hook('hook'),
      $.spy('proxy'),
      $.spy('callable proxy', function () { $.here('called', this, arguments); return 1; }),
      function () { $.here('callback', this, arguments); },
      { get then() { $.here('then getter', this, arguments); return function () { $.here('then', this, arguments); }; } },
      { toString: throwing, valueOf: throwing, get length() { throw own; }, get [Symbol.iterator]() { throw own; } },
      Symbol('x'), null, 2n ** 70n, -1, NaN, '\\ud800', Object.create(null),
    ];
    for (let i = 0; i < args.length; i++) $.tries('with argument ' + i, () => call(args[i]));
    $.tries('with a revoked proxy', () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return call(proxy); });
  `,
}));
