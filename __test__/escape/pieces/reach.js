'use strict';

// What can be reached from what a task is given, by walking.

const { CLASSES, GIVEN, NAMESPACES } = require('./natives.js');

/** A function of Node that its version may lack. */
const has = (name) => `typeof ${name} !== 'undefined'`;

module.exports = [
  {
    name: 'everything from the global object',
    code: `$.see('globalThis', globalThis); $.seeSites('stack');`,
  },
  {
    name: 'iterators, generators and their prototypes',
    code: `
      $.see('iterators', [
        [].values(), new Map().entries(), new Set().values(), ''[Symbol.iterator](), 'a'.matchAll(/a/g),
        (function* () {})(), (async function* () {})(), (async () => {})(), new Intl.Segmenter().segment('a')[Symbol.iterator](),
      ]);
    `,
    naive: false,
  },
  {
    name: 'inputs and config',
    code: `$.see('inputs', inputs); $.see('config', config);`,
    inputs: { list: [{ deep: new Map([[{}, new Set([{}])]]) }] },
    config: Object.assign(new Error('e'), { own: [{}] }),
  },
  {
    name: 'the environment',
    code: `
      const values = typeof env !== 'undefined' ? env : typeof ctx !== 'undefined' ? ctx.env : {};
      $.see('env', values);
    `,
  },
  ...NAMESPACES.map((name) => ({
    name,
    code: `$.see(${JSON.stringify(name)}, ${name});`,
    naive: !['WebAssembly', 'Intl', 'Reflect', 'JSON'].includes(name),
  })),
  ...CLASSES.map((name) => ({
    name: `class ${name}`,
    needs: has(name),
    code: `$.see('class', ${name}); $.see('prototype', ${name}.prototype); $.see('subclass', class extends ${name} {});`,
  })),
  ...Object.entries(GIVEN).map(([name, expression]) => ({
    name,
    code: `$.see(${JSON.stringify(name)}, ${expression});`,
    naive: !/^Intl|^resolvedOptions|^WebAssembly/.test(name),
  })),
];
