'use strict';

// Arbitraries of fast-check for values of every kind. A value is described by plain data that refers to its objects by
// index. So cycles and shared references occur by themselves, and a failure prints the description.

const fc = require('fast-check');

const VIEWS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'Float16Array',
].filter((name) => name in globalThis);

const ERRORS = ['Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError', 'TypeError', 'URIError'];

const REGEXPS = [/a(b)+/giu, /(?:)/, /[\p{L}--[a-z]]/dsvy, /漢|\//m, /rErm/s, /\ud800/];

const unit = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0, max: 0xff }),
  fc.integer({ min: 0, max: 0xffff }),
  fc.integer({ min: 0xd800, max: 0xdfff }),
);
const fromUnits = (max) =>
  fc.array(fc.integer({ min: 0, max }), { maxLength: 60 }).map((units) => String.fromCharCode(...units));
const repeated = fc
  .tuple(unit, fc.constantFrom(47, 48, 49, 127, 128, 255, 2047, 2048, 4095, 4096, 4097, 9000))
  .map(([code, times]) => String.fromCharCode(code).repeat(times));
const text = fc.oneof(
  { weight: 4, arbitrary: fromUnits(0x7f) },
  { weight: 3, arbitrary: fromUnits(0xff) },
  { weight: 3, arbitrary: fc.array(unit, { maxLength: 60 }).map((units) => String.fromCharCode(...units)) },
  { weight: 1, arbitrary: repeated },
  // What looks like a serialized error, and is none.
  { weight: 1, arbitrary: fc.constantFrom('rErm.', 'r.', 'rs', '\xff\x0fo') },
);

const key = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'b', 'c', 'inputs') },
  {
    weight: 3,
    arbitrary: fc.constantFrom('', '__proto__', 'constructor', 'toString', 'then', 'toJSON', 'message', 'errors'),
  },
  { weight: 2, arbitrary: fc.constantFrom('0', '1', '01', '-1', '1.5', '300', '4294967294', '4294967295') },
  { weight: 2, arbitrary: text },
);

const bigint = fc.oneof(
  fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }),
  fc.bigInt({ min: -(2n ** 600n), max: 2n ** 600n }),
  fc.constantFrom(0n, -1n, 2n ** 64n, -(2n ** 63n), 2n ** 5000n),
);
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, NaN, Infinity, -Infinity, 5e-324, 2 ** 53));
const primitive = fc.oneof(
  { weight: 3, arbitrary: number },
  { weight: 3, arbitrary: text },
  { weight: 2, arbitrary: fc.constantFrom(undefined, null, true, false) },
  { weight: 1, arbitrary: bigint },
);

/** A slot of a value: a primitive, or the object with this index, modulo their number. */
const slot = fc.oneof(
  { weight: 3, arbitrary: fc.record({ is: primitive }) },
  { weight: 2, arbitrary: fc.record({ node: fc.nat(30) }) },
);
const hole = fc.constant({ hole: true });
const slots = fc.array(slot, { maxLength: 6 });
const entries = fc.array(fc.tuple(key, slot), { maxLength: 6 });
/** Numbers of further elements or keys, around the limits of the format of trees. */
const more = fc.oneof(
  { weight: 12, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.constantFrom(60, 64, 65, 250, 256, 257, 400) },
);
const bytes = fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 });

const kind = (name, parts) => fc.record({ kind: fc.constant(name), ...parts });

const plain = [kind('object', { entries, more }), kind('array', { items: slots, more, extra: fc.constant([]) })];
const special = [
  kind('array', {
    items: fc.array(fc.oneof({ weight: 3, arbitrary: slot }, hole), { maxLength: 6 }),
    more,
    extra: fc.array(fc.tuple(key, slot), { maxLength: 2 }),
  }),
  kind('null prototype', { entries }),
  kind('instance', { entries }),
  kind('map', { entries: fc.array(fc.tuple(slot, slot), { maxLength: 5 }) }),
  kind('set', { items: slots }),
  kind('date', { time: fc.oneof(fc.double({ min: -9e15, max: 9e15 }), fc.constantFrom(NaN, 0, -0, 8.64e15)) }),
  kind('regexp', { which: fc.nat(REGEXPS.length - 1), lastIndex: fc.nat(3) }),
  kind('boxed', { of: fc.oneof(number, fc.boolean(), bigint, text) }),
  kind('buffer', { bytes, room: fc.option(fc.nat(40)) }),
  kind('view', {
    View: fc.constantFrom(...VIEWS),
    buffer: fc.nat(5),
    offset: fc.nat(40),
    length: fc.option(fc.nat(40)),
  }),
  kind('Buffer', { bytes, isPooled: fc.boolean() }),
  kind('error', {
    Kind: fc.constantFrom(...ERRORS, 'AggregateError'),
    message: fc.option(text, { nil: undefined }),
    name: fc.oneof(
      fc.constant({}),
      fc.record({ name: fc.oneof(fc.constantFrom(...ERRORS, '', 'Custom'), text), enumerable: fc.boolean() }),
      fc.record({ inherited: fc.constantFrom('Custom', 'TypeError', 'Error') }),
    ),
    cause: fc.option(slot, { nil: undefined }),
    stack: fc.constantFrom('own', 'own', 'deleted', 'empty', 'wide'),
    entries: fc.array(fc.tuple(key, slot, fc.boolean()), { maxLength: 3 }),
    errors: slots,
    isUncloneable: fc.boolean(),
  }),
];

const nodes = (kinds, max) => fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: max });

/** The description of a value. Plain data is frequent, because it has formats of its own. */
const graph = fc.record({
  root: fc.oneof({ weight: 1, arbitrary: slot }, { weight: 5, arbitrary: fc.constant({ node: 0 }) }),
  nodes: fc.oneof(nodes(plain, 4), nodes(plain, 30), nodes(special, 4), nodes([...plain, ...special], 12)),
});

/** Makes the described value. */
function build({ root, nodes }) {
  const buffers = [];
  const made = [];
  const views = [];
  for (const node of nodes) {
    if (node.kind === 'view') views.push(made.push(undefined) - 1);
    else made.push(make(node, buffers));
  }
  for (const index of views) made[index] = view(nodes[index], buffers);
  const at = (slot) => ('node' in slot ? made[slot.node % made.length] : slot.is);
  nodes.forEach((node, index) => {
    fill(node, made[index], at);
  });
  return at(root);
}

function make(node, buffers) {
  switch (node.kind) {
    case 'object':
      return {};
    case 'array':
      return [];
    case 'null prototype':
      return Object.create(null);
    case 'instance':
      return new Instance();
    case 'map':
      return new Map();
    case 'set':
      return new Set();
    case 'date':
      return new Date(node.time);
    case 'regexp':
      return new RegExp(REGEXPS[node.which]);
    case 'boxed':
      return Object(node.of);
    case 'Buffer':
      return node.isPooled ? Buffer.from(node.bytes) : Buffer.concat([Buffer.alloc(0), whole(node.bytes)]);
    case 'buffer': {
      const { length } = node.bytes;
      const options = node.room === null ? undefined : { maxByteLength: length + node.room };
      const buffer = new ArrayBuffer(length, options);
      new Uint8Array(buffer).set(node.bytes);
      buffers.push(buffer);
      return buffer;
    }
    case 'error':
      return error(node);
  }
  throw new Error(`no such kind: ${node.kind}`);
}

const whole = (bytes) => Buffer.from(Uint8Array.from(bytes).buffer);

/** An object of which structured clone takes only the own enumerable properties with string keys, by their values. */
class Instance {
  #hidden = 1;
  constructor() {
    const of = (value) => ({ value, configurable: true });
    Object.defineProperties(this, {
      notEnumerable: of(1),
      accessor: { get: () => 'got', enumerable: true, configurable: true },
      [Symbol('s')]: { ...of(2), enumerable: true },
    });
  }
  get inherited() {
    return this.#hidden;
  }
}

function view({ View, buffer, offset, length }, buffers) {
  const memory = buffers.length === 0 ? new ArrayBuffer(16) : buffers[buffer % buffers.length];
  const size = globalThis[View].BYTES_PER_ELEMENT ?? 1;
  const start = offset % (Math.floor(memory.byteLength / size) + 1);
  const left = Math.floor(memory.byteLength / size) - start;
  const isWhole = memory.byteLength % size === 0;
  const count = length === null && isWhole ? undefined : (length ?? 0) % (left + 1);
  return new globalThis[View](memory, start * size, count);
}

function error({ Kind, message, name, stack }) {
  const Base = globalThis[Kind];
  const Class = 'inherited' in name ? class extends Base {} : Base;
  if ('inherited' in name) Class.prototype.name = name.inherited;
  const made = Kind === 'AggregateError' ? new Class([], message) : new Class(message);
  if (stack === 'deleted') delete made.stack;
  if (stack === 'empty') made.stack = '';
  if (stack === 'wide') made.stack = '漢: at \ud800';
  return made;
}

function fill(node, value, at) {
  const define = (key, slot, enumerable = true) =>
    Object.defineProperty(value, key, { value: at(slot), enumerable, writable: true, configurable: true });
  if (node.kind === 'map') for (const [key, item] of node.entries) value.set(at(key), at(item));
  else if (node.kind === 'set') for (const item of node.items) value.add(at(item));
  else if (node.kind === 'regexp') value.lastIndex = node.lastIndex;
  else if (node.kind === 'error') fillError(node, value, at, define);
  else if (node.kind === 'array') {
    for (const item of node.items) {
      if (item.hole) value.length++;
      else value.push(at(item));
    }
    for (let i = 0; i < node.more; i++) value.push(i);
    for (const [key, item] of node.extra) define(key, item);
  } else if (node.entries !== undefined) {
    for (const [key, item] of node.entries) define(key, item);
    for (let i = 0; i < node.more; i++) value[`k${i}`] = i;
  }
}

function fillError(node, value, at, define) {
  if (node.Kind === 'AggregateError') define('errors', { is: node.errors.map(at) }, false);
  if (node.cause !== undefined) define('cause', node.cause, false);
  for (const [key, item, enumerable] of node.entries) {
    // V8 converts a message to a string, which throws for an object without a prototype.
    if (key !== 'message' || typeof item.is === 'string') define(key, item, enumerable);
  }
  if ('name' in node.name) define('name', { is: node.name.name }, node.name.enumerable);
  if (node.isUncloneable) Object.assign(value, { callback() {}, inside: { symbol: Symbol('s') }, [Symbol('t')]: 1 });
}

module.exports = { build, graph };
