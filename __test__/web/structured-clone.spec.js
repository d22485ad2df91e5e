'use strict';

const { matchesNode, since } = require('../support/node-parity.js');

matchesNode('structuredClone', {
  'of primitives': () =>
    [1, -0, Number.NaN, Infinity, 'ä\ud800', '', true, null, undefined, 5n, -(2n ** 70n)].map((value) =>
      structuredClone(value),
    ),
  'of wrapped primitives': () =>
    [new Number(1), new String('a'), new Boolean(false), Object(5n)].map((value) => {
      const copy = structuredClone(value);
      return [typeof copy, copy.constructor.name, String(copy), copy === value];
    }),
  'of built-in objects': () =>
    [
      new Date(5),
      /a\/b/dgimsuy,
      new Map([[1, { a: 1 }]]),
      new Set([[1]]),
      [1, , 3],
      { a: { b: [] } },
      new ArrayBuffer(3),
      Uint8Array.of(1, 2),
      Float64Array.of(1.5),
      BigInt64Array.of(1n),
      new DataView(new ArrayBuffer(2)),
      Object.create(null),
      new (class A {
        x = 1;
      })(),
    ].map((value) => {
      const copy = structuredClone(value);
      return [
        copy,
        Object.prototype.toString.call(copy),
        copy !== value,
        Object.getPrototypeOf(copy) === Object.getPrototypeOf(value),
      ];
    }),
  'of a date that is none': () => structuredClone(new Date(Number.NaN)).getTime(),
  'lastIndex of a RegExp is lost': () => {
    const pattern = /a/g;
    pattern.lastIndex = 3;
    return structuredClone(pattern).lastIndex;
  },
  'of errors: name, message, cause and stack': () =>
    [
      new Error('a'),
      new TypeError('b'),
      new RangeError('c', { cause: 5 }),
      new EvalError('d'),
      new ReferenceError('e'),
      new SyntaxError('f'),
      new URIError('g'),
      Object.assign(new Error('h'), { name: 'Other' }),
      Object.assign(new Error('i'), { name: 'TypeError' }),
    ].map((error) => {
      const copy = structuredClone(error);
      return [
        copy.name,
        copy.message,
        copy.cause,
        copy.stack === error.stack,
        copy instanceof Error,
        copy.constructor.name,
        Object.keys(copy),
      ];
    }),
  'own properties of errors and of arrays': () => {
    const array = Object.assign([1], { own: 2 });
    return [
      structuredClone(array).own,
      structuredClone(Object.assign(new Error('a'), { own: 1 })).own,
      structuredClone(Object.assign(new Map(), { own: 1 })).own,
    ];
  },
  'cycles and shared parts stay': () => {
    const part = { a: 1 };
    const value = { part, again: part, map: new Map([[part, part]]), set: new Set([part]), list: [part] };
    value.self = value;
    const copy = structuredClone(value);
    return [
      copy.self === copy,
      copy.part === copy.again,
      copy.map.get(copy.part) === copy.part,
      copy.set.has(copy.part),
      copy.list[0] === copy.part,
      copy.part === part,
    ];
  },
  'views of one buffer stay views of one': () => {
    const buffer = new ArrayBuffer(8);
    const copy = structuredClone([new Uint8Array(buffer, 2, 3), new Uint16Array(buffer), buffer]);
    copy[0][0] = 255;
    return [copy[0].buffer === copy[2], copy[0].byteOffset, copy[0].length, copy[1][1], buffer.byteLength];
  },
  'getters are read, prototypes and non-enumerable properties are lost': () => {
    const value = Object.create(
      { inherited: 1 },
      { hidden: { value: 1 }, got: { get: () => 2, enumerable: true }, [Symbol('s')]: { value: 3, enumerable: true } },
    );
    const copy = structuredClone(value);
    return [
      Object.getOwnPropertyNames(copy),
      Object.getOwnPropertySymbols(copy).length,
      Object.getOwnPropertyDescriptor(copy, 'got'),
    ];
  },
  'private fields and accessors of classes are lost': () => {
    class Secret {
      #a = 1;
      b = 2;
      get a() {
        return this.#a;
      }
    }
    return Object.keys(structuredClone(new Secret()));
  },
  'frozen objects are copied unfrozen': () => [
    Object.isFrozen(structuredClone(Object.freeze({ a: 1 }))),
    Object.isSealed(structuredClone(Object.seal([]))),
  ],
  'sparse arrays stay sparse': () => {
    const copy = structuredClone([1, , 3]);
    return [copy.length, 1 in copy];
  },
  'what cannot be cloned is a DataCloneError': () =>
    [
      () => {},
      Symbol('a'),
      { a: () => {} },
      [Symbol('a')],
      new WeakMap(),
      new WeakSet(),
      Promise.resolve(),
      new WeakRef({}),
      new Map([[() => {}, 1]]),
      function* a() {},
      class A {},
      Math.max,
      (function* a() {})(),
      new Proxy({}, {}),
      (async () => {})(),
    ].map((value) => thrownBy(() => structuredClone(value))),
  'the DataCloneError is a DOMException with code 25': () => {
    try {
      structuredClone(() => {});
    } catch (error) {
      return [error instanceof DOMException, error instanceof Error, error.name, error.code];
    }
  },
  'errors of getters pass through': () =>
    thrownBy(() =>
      structuredClone({
        get a() {
          throw new RangeError('mine');
        },
      }),
    ),
  'a transferred buffer is moved': () => {
    const buffer = Uint8Array.of(1, 2, 3).buffer;
    const view = new Uint8Array(buffer);
    const copy = structuredClone({ buffer, view }, { transfer: [buffer] });
    return [buffer.byteLength, view.length, hex(copy.buffer), hex(copy.view), copy.view.buffer === copy.buffer];
  },
  'a buffer is transferred though the value does not hold it': () => {
    const buffer = new ArrayBuffer(4);
    return [structuredClone(1, { transfer: [buffer] }), buffer.byteLength];
  },
  'what is detached cannot be transferred or cloned': since(22, () => {
    const moved = new ArrayBuffer(1);
    structuredClone(moved, { transfer: [moved] });
    return [thrownBy(() => structuredClone({ moved }, { transfer: [moved] })), thrownBy(() => structuredClone(moved))];
  }),
  options: () => {
    return [
      structuredClone(1, undefined),
      structuredClone(1, {}),
      structuredClone(1, { transfer: [] }),
      structuredClone(1, null),
      structuredClone(1, { transfer: undefined }),
      thrownBy(() => structuredClone(1, 5)),
      thrownBy(() => structuredClone(1, { transfer: 5 })),
      thrownBy(() => structuredClone()),
    ];
  },
  'resizable buffers keep their limit': () => {
    const copy = structuredClone(new ArrayBuffer(2, { maxByteLength: 8 }));
    return [copy.byteLength, copy.resizable, copy.maxByteLength];
  },
  'deep values': () => {
    let value = {};
    for (let i = 0; i < 1000; i++) value = { value };
    let depth = 0;
    for (let copy = structuredClone(value); copy.value !== undefined; copy = copy.value) depth++;
    return depth;
  },
  'a port goes over to the clone': async () => {
    const { port1, port2 } = new MessageChannel();
    const moved = structuredClone(port2, { transfer: [port2] });
    const heard = new Promise((resolve) => {
      moved.onmessage = ({ data }) => resolve(data);
    });
    port1.postMessage({ a: 1 });
    const data = await heard;
    port1.close();
    return data;
  },
});

matchesNode('MessageChannel', {
  'messages are clones, in order': async () => {
    const { port1, port2 } = new MessageChannel();
    const seen = [];
    const done = new Promise((resolve) => {
      port2.onmessage = ({ data }) => {
        seen.push(data);
        if (data === 'end') resolve();
      };
    });
    const value = { n: 1, map: new Map([[1, new Date(0)]]) };
    port1.postMessage(value);
    value.n = 2;
    port1.postMessage([1, undefined, 5n]);
    port1.postMessage('end');
    await done;
    port1.close();
    return seen;
  },
  'buffers are transferred': async () => {
    const { port1, port2 } = new MessageChannel();
    const buffer = Uint8Array.of(1, 2).buffer;
    const heard = new Promise((resolve) => {
      port2.onmessage = ({ data }) => resolve(hex(data));
    });
    port1.postMessage(buffer, [buffer]);
    const length = buffer.byteLength;
    const data = await heard;
    port1.close();
    return [length, data];
  },
  'what cannot be cloned throws at the sender': () => {
    const { port1 } = new MessageChannel();
    const outcome = [thrownBy(() => port1.postMessage(() => {})), thrownBy(() => port1.postMessage())];
    port1.close();
    return outcome;
  },
  'after close nothing is heard': async () => {
    const { port1, port2 } = new MessageChannel();
    const seen = [];
    port2.onmessage = ({ data }) => seen.push(data);
    port2.close();
    port1.postMessage(1);
    await later(20);
    port1.close();
    return seen;
  },
});

matchesNode('structuredClone with transfer that fails', {
  'leaves the buffers where they are': () => {
    const buffer = new ArrayBuffer(4);
    return [thrownBy(() => structuredClone({ buffer, no: () => {} }, { transfer: [buffer] })), buffer.byteLength];
  },
  'for a buffer named twice': () => {
    const buffer = new ArrayBuffer(4);
    return thrownBy(() => structuredClone(1, { transfer: [buffer, buffer] }));
  },
});
