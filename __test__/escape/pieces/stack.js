'use strict';

// Each native called where the stack is full: its error, or its result, must be of the task's realm. V8 makes
// a RangeError in the realm of the function that could not be called.

const { NATIVES } = require('./natives.js');

/** Those of which Node gives an error of its own realm, whatever its version. */
const NAIVE = ['URL', 'TextDecoder', 'Blob', 'ReadableStream', 'WritableStream', 'structuredClone'];

module.exports = NATIVES.map(([name, expression, sound, needs]) => ({
  name,
  source: 'vm2 #197, vm2 #199, near-membrane #48, CVE-2019-10769',
  needs,
  naive: NAIVE.includes(name),
  mayFail: true,
  code: `$.deepest(${JSON.stringify(name)}, () => { const x = ${sound}; return ${expression}; });`,
}));
