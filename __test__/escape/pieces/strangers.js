'use strict';

// Every method and accessor of every class on receivers that are none of its own, without arguments and with
// wrong ones: all that is thrown or returned must be of the task's realm.

const { CLASSES, GIVEN, NAMESPACES } = require('./natives.js');

const TRY = `
  async function tryAll(name, object, receivers) {
    for (const key of Reflect.ownKeys(object)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(object, key);
      for (const kind of ['value', 'get', 'set']) {
        const method = descriptor[kind];
        if (typeof method !== 'function' || key === 'constructor') continue;
        for (const receiver of receivers) {
          for (const args of [[], [{}], [Symbol('x'), null, -1]]) {
            $.tries(name + '.' + String(key), () => Reflect.apply(method, receiver, args));
          }
        }
      }
    }
  }
`;

module.exports = [
  ...CLASSES.map((name) => ({
    name: `methods of ${name}`,
    needs: `typeof ${name} !== 'undefined'`,
    code: `${TRY}
      await tryAll('${name}', ${name}.prototype, [undefined, {}, ${name}.prototype, Object.create(${name}.prototype)]);
      await tryAll('${name}', ${name}, [undefined, ${name}]);
      $.tries('call', () => ${name}());
      for (const args of [[], [{}], [Symbol('x'), null, -1], [() => {}, () => {}]]) {
        $.tries('new', () => new ${name}(...args));
      }
    `,
  })),
  ...NAMESPACES.map((name) => ({
    name: `functions of ${name}`,
    naive: !['WebAssembly', 'Intl', 'Reflect', 'JSON'].includes(name),
    code: `${TRY}
      await tryAll('${name}', ${name}, [undefined, ${name}]);
      await tryAll('${name}', Object.getPrototypeOf(${name}), [undefined, ${name}, {}]);
    `,
  })),
  ...Object.entries(GIVEN)
    .filter(([, expression]) => /Reader|Writer|Controller|iterator|values|entries|mark/.test(expression))
    .map(([name, expression]) => ({
      name: `methods of ${name}`,
      naive: !name.includes('iterator'),
      code: `${TRY}
        const object = ${expression};
        const proto = Object.getPrototypeOf(object);
        await tryAll('${name}', proto, [undefined, {}, proto, object]);
        $.tries('new', () => new object.constructor({}));
      `,
    })),
  {
    name: 'every global function, called and constructed',
    code: `
      for (const name of Object.getOwnPropertyNames(globalThis)) {
        const native = globalThis[name];
        if (typeof native !== 'function' || name === 'host' || name === 'ownIntrinsics') continue;
        for (const args of [[], [{}], [Symbol('x')], [() => {}], [-1, null]]) {
          $.tries(name, () => native(...args));
          $.tries('new ' + name, () => new native(...args));
        }
      }
    `,
  },
];
