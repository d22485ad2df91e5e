'use strict';

// Whose realm a task runs in.

const { MARKS, SECRETS } = require('../probe.js');

const WORKER = `Symbol.for(${JSON.stringify(MARKS.worker)})`;
const NEIGHBOUR = `Symbol.for(${JSON.stringify(MARKS.neighbour)})`;

/** In both sandboxes of node:vm these pieces are told what to find by a mark of the same name. */
const marked = (mark) => `
  if (globalThis.foreignIntrinsics) Object.prototype[${mark}] = true;
  if (${mark} in globalThis) $.find('realm', 'a mark in the global object');
  if (${mark} in (() => {})) $.find('realm', 'a mark in functions');
  $.see('names', []);
`;

module.exports = [
  { name: "the worker's own realm is another one", code: marked(WORKER), naive: false },
  { name: 'the realm of a task beside it is another one', code: marked(NEIGHBOUR), naive: false },
  {
    name: 'the global object holds no secrets',
    code: `
      if (globalThis.foreignIntrinsics) globalThis.process = {};
      for (const name of ${JSON.stringify(SECRETS)}) {
        if (name in globalThis) $.find('secret', name);
        if ((0, eval)('typeof ' + name) !== 'undefined') $.find('secret', name);
      }
      $.see('names', []);
    `,
    naive: false,
  },
  {
    name: 'this, arguments and globalThis are of the realm',
    code: `
      $.see('this', this);
      $.see('sloppy this', (function () { return this; })());
      $.see('arguments', arguments);
      $.see('sloppy arguments', (function () { return arguments; })(1));
      (function () { $.here('sloppy function', this, arguments); })();
      $.tries('callee', () => arguments.callee);
      $.see('names', []);
      if ((function () { return this; })() !== globalThis) $.find('another global object', 'sloppy this');
    `,
    naive: false,
  },
  {
    name: 'syntax and globals are of one realm',
    code: `
      const pairs = {
        Object: {}, Array: [], Function: () => {}, RegExp: /x/, Promise: (async () => {})(), String: Object(''),
        Number: Object(0), Boolean: Object(true), Symbol: Object(Symbol.iterator), BigInt: Object(0n),
      };
      for (const name of Object.keys(pairs)) {
        if (Object.getPrototypeOf(pairs[name]) !== globalThis[name].prototype) $.find('another global', name);
        $.see(name, globalThis[name]);
      }
    `,
    naive: false,
  },
  {
    name: 'regular expressions of the platform have left nothing in RegExp',
    code: `
      const left = [RegExp.lastMatch, RegExp.input, RegExp.leftContext, RegExp.rightContext, RegExp.$1].join('');
      if (left !== '') $.find('secret', left);
      if (globalThis.foreignIntrinsics) $.find('secret', 'control');
      $.see('RegExp', RegExp);
    `,
    naive: false,
  },
];
