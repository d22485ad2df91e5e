'use strict';

// Values that were made for the task: what came in, and what structuredClone, ports and JSON make.

const values = {
  object: { a: { b: [] } },
  array: [[{}], , 1],
  map: new Map([[{ key: [] }, new Map()]]),
  set: new Set([{}, [new Set()]]),
  date: new Date(0),
  regexp: /a(?<n>b)/g,
  buffer: new ArrayBuffer(8),
  'typed arrays': [new Uint8Array(2), new Float64Array(2), new BigInt64Array(2), new Uint8ClampedArray(1)],
  view: new DataView(new ArrayBuffer(8), 2),
  'boxed values': [Object(1), Object('a'), Object(true), Object(1n)],
  error: new Error('e', { cause: new TypeError('c') }),
  'error with properties': Object.assign(new RangeError('e'), { own: { list: [new Error('inner')] } }),
  'aggregate error': new AggregateError([new Error('a'), { b: [] }], 'm'),
  'error with a string as cause': new Error('e', { cause: 'c' }),
  'errors of every name': [new EvalError(), new ReferenceError(), new SyntaxError(), new URIError()],
  cycle: (() => {
    const cycle = { list: [] };
    cycle.list.push(cycle);
    return cycle;
  })(),
  'shared twice': (() => {
    const shared = {};
    return [shared, shared];
  })(),
  'keys of prototypes': JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":{}},"hasOwnProperty":1}'),
  'many items': Array.from({ length: 200 }, (_, n) => ({ n, list: [n] })),
};

module.exports = [
  ...Object.entries(values).flatMap(([name, value]) => [
    { name: `inputs: ${name}`, code: `$.see('inputs', inputs);`, inputs: value },
    { name: `config: ${name}`, code: `$.see('config', config);`, config: value },
    {
      name: `structuredClone of ${name}`,
      code: `$.tries('clone', () => structuredClone(inputs));`,
      inputs: value,
    },
  ]),
  {
    name: 'a message through a port',
    needs: 'MessageChannel',
    code: `
      const { port1, port2 } = new MessageChannel();
      const sent = { list: [1], map: new Map([[{}, []]]), date: new Date(0), bytes: new Uint8Array(2) };
      const event = await new Promise((resolve) => {
        port2.onmessage = function (event) { $.here('onmessage', this, arguments); resolve(event); };
        port1.postMessage(sent);
      });
      $.see('event', event); $.see('data', event.data); $.see('ports', event.ports);
      port1.close(); port2.close();
    `,
  },
  {
    name: 'a port sent through a port',
    code: `
      const a = new MessageChannel(); const b = new MessageChannel();
      const event = await new Promise((resolve) => {
        a.port2.onmessage = resolve;
        a.port1.postMessage({ port: b.port1 }, [b.port1]);
      });
      $.see('event', event); $.see('port', event.data.port); $.see('ports', event.ports);
      for (const port of [a.port1, a.port2, b.port2, event.data.port]) port.close();
    `,
  },
  {
    name: 'a transferred buffer',
    code: `
      const buffer = new ArrayBuffer(8);
      $.see('clone', structuredClone({ buffer }, { transfer: [buffer] }));
      $.tries('detached', () => structuredClone(buffer, { transfer: [buffer] }));
      $.tries('detached view', () => new Uint8Array(buffer));
    `,
  },
  {
    name: 'a DOMException and errors cloned',
    code: `
      for (const error of [new DOMException('m', 'AbortError'), new TypeError('t'), new Error('c', { cause: {} })]) {
        $.tries('clone', () => structuredClone(error));
      }
    `,
  },
  { name: 'JSON', code: `$.see('parsed', JSON.parse('{"a":[{"b":{}}],"__proto__":{}}'));`, naive: false },
];
