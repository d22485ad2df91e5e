'use strict';

// Much plain data, as a table: the shapes of its objects once, then all numbers, all structure and all text,
// each in one piece. V8's serializer asks the engine for every property and every key of every object; this
// makes objects of a shape that was seen before with a function of its own, at a fifth of the cost.
//
// Loaded by Node and, wrapped as a module, by the isolates, as clone.js, whose rules hold: it keeps its own
// hold of the built-ins. It stores nothing where a setter of a prototype could take it, and asks no typed array
// for what a getter of a prototype gives: who replaces one would get all that is written here.
//
//     u8 TABLE, u8 1 where text has two bytes a unit, u16 0
//     u32 count of numbers, u32 count of codes, u32 where the shapes begin among the codes
//     f64 numbers · i32 codes of the value, i32 shapes · text: all keys of all shapes, then all texts
//
// The lowest three bits of a code say what it is, the others a number:
//
//     INTEGER itself · NUMBER the next of the numbers · TEXT the length in units · CONSTANT its kind
//     OBJECT its shape, values follow · ARRAY its length, values follow
//
// A shape is the number of its keys, and their lengths.

const {
  Array,
  Array: { isArray },
  Float64Array,
  Function,
  Int32Array,
  JSON: { stringify },
  Map,
  Math: { max, min },
  Object: { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, hasOwn, keys, setPrototypeOf },
  RangeError,
  Set,
  Uint8Array,
} = globalThis;

const uncurry = (fn) => Function.prototype.call.bind(fn);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const setAdd = uncurry(Set.prototype.add);
const setHas = uncurry(Set.prototype.has);
const substring = uncurry(String.prototype.substring);
const typedArray = getPrototypeOf(Uint8Array.prototype);
const fill = uncurry(typedArray.set);
const getter = (name) => uncurry(getOwnPropertyDescriptor(typedArray, name).get);
const [bufferOf, offsetOf, lengthOf] = [getter('buffer'), getter('byteOffset'), getter('length')];
const arrayPrototype = Array.prototype;

const TABLE = 11;
const HEAD = 16;

const INTEGER = 0;
const NUMBER = 1;
const TEXT = 2;
const CONSTANT = 3;
const OBJECT = 4;
const ARRAY = 5;
const BITS = 3;

const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;

/** More than this is left to V8's serializer. */
const MAX_SHAPES = 256;
const MAX_KEYS = 64;
const MAX_DEPTH = 100;
const MAX_TEXT = 1 << 16;
const MAX_ELEMENTS = 1 << 17;

/**
 * Texts are cut from strings of this length, which V8 may keep as long as one of them is kept; longer ones are
 * made one by one.
 */
const BLOCK = 1024;
const LONG = BLOCK / 4;

const SMALLEST = 1 << 14;
/** Memory for larger values is not kept. */
const KEPT = 1 << 18;
/** Shapes, and steps to them, that are remembered. */
const MAX_KNOWN = 1024;

/** Why a value is left to V8's serializer. */
const REFUSED = { __proto__: null };

/** An array that has no prototype: a store into it asks nobody. */
const list = () => setPrototypeOf([], null);

/** A set of keys in their order; and, as a step to one, those that begin with its own. */
class Shape {
  // Fields, as what a constructor sets may be caught by a setter of `Object.prototype`.
  next = new Map();
  /** undefined where it is only a step */
  names = undefined;
  /** What the values of its keys were the last time. */
  inner = undefined;
  session = 0;
  id = 0;
}

/**
 * @param {object} host - what Node and an isolate have in different ways
 * @param {(object: object) => boolean} host.isPlain - of an object with the prototype of all: whether it is no
 *   more than its properties
 * @param {(array: unknown[]) => boolean} host.isProxy
 * @param {(text: string) => boolean} host.isWide - has characters beyond Latin-1
 * @param {(size: number) => Uint8Array} host.makeOutput - aligned to four bytes
 * @param {(text: string, bytes: Uint8Array, at: number, wide: boolean) => void} host.writeText
 * @param {(bytes: Uint8Array, from: number, to: number, wide: boolean) => string} host.readText
 * @param {(length: number) => unknown[]} host.blank - an array with so many elements
 */
function createTable({ isPlain, isProxy, isWide, makeOutput, writeText, readText, blank }) {
  // Writing

  let root = new Shape();
  let steps = 0;
  let codes;
  let codeRoom = 0;
  let codeCount = 0;
  let numbers;
  let numberRoom = 0;
  let numberCount = 0;
  let text = '';
  let seen;
  let shapes;
  let session = 0;

  /**
   * Not to be called by a getter of a value that is being written.
   * @param {object} value
   * @returns {Uint8Array | undefined} what `makeOutput` gave, filled; undefined where it is for V8's serializer
   */
  function encode(value) {
    session++;
    if (codeRoom === 0 || codeRoom > KEPT) {
      codeRoom = SMALLEST;
      codes = new Int32Array(codeRoom);
    }
    if (numberRoom === 0 || numberRoom > KEPT) {
      numberRoom = SMALLEST / 4;
      numbers = new Float64Array(numberRoom);
    }
    codeCount = 0;
    numberCount = 0;
    text = '';
    seen = new Set();
    shapes = list();
    if (steps > MAX_KNOWN) {
      root = new Shape();
      steps = 0;
    }
    try {
      writeObject(value, undefined, 0);
      return finish();
    } catch (error) {
      if (error === REFUSED) return undefined;
      throw error;
    } finally {
      seen = undefined;
      shapes = undefined;
      text = '';
    }
  }

  /** @returns {Shape | undefined} where it is an object: what it was, as a guess for the next in its place */
  function writeValue(value, guess, depth) {
    switch (typeof value) {
      case 'number':
        if ((value << BITS) >> BITS === value && (value !== 0 || 1 / value > 0)) writeCode((value << BITS) | INTEGER);
        else writeNumber(value);
        return undefined;
      case 'string':
        if (value.length > MAX_TEXT) throw REFUSED;
        writeCode((value.length << BITS) | TEXT);
        text += value;
        return undefined;
      case 'boolean':
        writeCode(((value ? TRUE : FALSE) << BITS) | CONSTANT);
        return undefined;
      case 'undefined':
        writeCode((UNDEFINED << BITS) | CONSTANT);
        return undefined;
      case 'object':
        if (value !== null) return writeObject(value, guess, depth + 1);
        writeCode((NULL << BITS) | CONSTANT);
        return undefined;
      default:
        throw REFUSED;
    }
  }

  function writeObject(object, guess, depth) {
    // One that is met twice needs its identity kept, which V8's serializer does.
    if (depth > MAX_DEPTH || setHas(seen, object)) throw REFUSED;
    setAdd(seen, object);
    if (isArray(object)) {
      // Of a proxy even the prototype is the word of its handler.
      if (isProxy(object) || getPrototypeOf(object) !== arrayPrototype) throw REFUSED;
      return writeElements(object, guess, depth);
    }
    if (!isPlain(object)) throw REFUSED;
    const names = keys(object);
    const shape = guess !== undefined && isShape(guess, names) ? guess : shapeOf(names);
    if (shape.session !== session) {
      if (shapes.length === MAX_SHAPES) throw REFUSED;
      shape.session = session;
      shape.id = shapes.length;
      shapes[shape.id] = shape;
    }
    writeCode((shape.id << BITS) | OBJECT);
    const { inner } = shape;
    for (let i = 0; i < names.length; i++) {
      const value = object[names[i]];
      // A getter may have taken the next ones away.
      if (value === undefined && !hasOwn(object, names[i])) throw REFUSED;
      const found = writeValue(value, inner[i], depth);
      if (found !== undefined) inner[i] = found;
    }
    return shape;
  }

  function writeElements(array, guess, depth) {
    const { length } = array;
    if (length > MAX_ELEMENTS) throw REFUSED;
    writeCode((length << BITS) | ARRAY);
    let hint = guess;
    for (let i = 0; i < length; i++) {
      const value = array[i];
      // A hole is not undefined.
      if (value === undefined && !(i in array)) throw REFUSED;
      hint = writeValue(value, hint, depth) ?? hint;
    }
    if (keys(array).length !== length) throw REFUSED;
    return hint;
  }

  function isShape({ names }, others) {
    const { length } = others;
    if (names === undefined || names.length !== length) return false;
    for (let i = 0; i < length; i++) {
      if (names[i] !== others[i]) return false;
    }
    return true;
  }

  function shapeOf(names) {
    const { length } = names;
    if (length > MAX_KEYS) throw REFUSED;
    let shape = root;
    for (let i = 0; i < length; i++) {
      const name = names[i];
      let next = mapGet(shape.next, name);
      if (next === undefined) {
        if (name === '__proto__' || name.length > BLOCK) throw REFUSED;
        next = new Shape();
        mapSet(shape.next, name, next);
        steps++;
      }
      shape = next;
    }
    if (shape.names === undefined) {
      shape.names = names;
      shape.inner = list();
      for (let i = 0; i < length; i++) shape.inner[i] = undefined;
    }
    return shape;
  }

  function writeCode(code) {
    if (codeCount === codeRoom) {
      codeRoom *= 2;
      codes = grown(codes, new Int32Array(codeRoom));
    }
    codes[codeCount++] = code;
  }

  function writeNumber(number) {
    if (numberCount === numberRoom) {
      numberRoom *= 2;
      numbers = grown(numbers, new Float64Array(numberRoom));
    }
    numbers[numberCount++] = number;
    writeCode(NUMBER);
  }

  function finish() {
    const shapesAt = codeCount;
    let keyText = '';
    for (let i = 0; i < shapes.length; i++) {
      const { names } = shapes[i];
      writeCode(names.length);
      for (let j = 0; j < names.length; j++) {
        writeCode(names[j].length);
        keyText += names[j];
      }
    }
    const all = keyText + text;
    const wide = isWide(all);
    const codesAt = HEAD + 8 * numberCount;
    const textAt = codesAt + 4 * codeCount;
    const size = textAt + (wide ? 2 : 1) * all.length;
    const bytes = makeOutput(size);
    bytes[0] = TABLE;
    bytes[1] = wide ? 1 : 0;
    const head = new Int32Array(bufferOf(bytes), offsetOf(bytes) + 4, 3);
    head[0] = numberCount;
    head[1] = codeCount;
    head[2] = shapesAt;
    fill(bytes, new Uint8Array(bufferOf(numbers), 0, 8 * numberCount), HEAD);
    fill(bytes, new Uint8Array(bufferOf(codes), 0, 4 * codeCount), codesAt);
    if (all.length > 0) writeText(all, bytes, textAt, wide);
    return bytes;
  }

  // Reading

  /** By their keys, functions that read an object. */
  let makers = new Map();
  let makerCount = 0;

  let source;
  let wide = false;
  let unit = 1;
  let input;
  let inputRoom = 0;
  let inputEnd = 0;
  let at = 0;
  let doubles;
  let doubleRoom = 0;
  let doubleEnd = 0;
  let doubleAt = 0;
  let textAt = 0;
  let textEnd = 0;
  /** A piece of the text, and where the next is to be cut from it. */
  let block = '';
  let blockAt = 0;
  let objects;

  /**
   * @param {Uint8Array} bytes - a table
   * @throws {RangeError} where they are none
   */
  function decode(bytes) {
    const size = lengthOf(bytes);
    const buffer = bufferOf(bytes);
    const offset = offsetOf(bytes);
    if (size < HEAD) malformed();
    const head = new Uint8Array(HEAD);
    fill(head, new Uint8Array(buffer, offset, HEAD));
    const { 1: count, 2: total, 3: shapesAt } = new Int32Array(bufferOf(head));
    const codesAt = HEAD + 8 * count;
    textAt = codesAt + 4 * total;
    textEnd = size;
    if (count < 0 || total < 0 || shapesAt < 0 || shapesAt > total || textAt > size) malformed();
    if (inputRoom === 0 || inputRoom < total || inputRoom > KEPT) {
      inputRoom = max(SMALLEST, total);
      input = new Int32Array(inputRoom);
    }
    if (doubleRoom === 0 || doubleRoom < count || doubleRoom > KEPT) {
      doubleRoom = max(SMALLEST / 4, count);
      doubles = new Float64Array(doubleRoom);
    }
    // A copy: what was written aligned need not lie so here.
    fill(new Uint8Array(bufferOf(doubles)), new Uint8Array(buffer, offset + HEAD, 8 * count));
    fill(new Uint8Array(bufferOf(input)), new Uint8Array(buffer, offset + codesAt, 4 * total));
    source = bytes;
    wide = head[1] === 1;
    unit = wide ? 2 : 1;
    doubleEnd = count;
    doubleAt = 0;
    block = '';
    blockAt = 0;
    try {
      at = shapesAt;
      inputEnd = total;
      objects = list();
      while (at < total) objects[objects.length] = readShape();
      at = 0;
      inputEnd = shapesAt;
      return readValue();
    } finally {
      source = undefined;
      objects = undefined;
      block = '';
    }
  }

  function readShape() {
    const count = input[at++];
    if (count < 0 || count > inputEnd - at || count > MAX_KEYS) malformed();
    const names = list();
    for (let i = 0; i < count; i++) {
      const name = cut(input[at++]);
      if (name === '__proto__') malformed();
      names[i] = name;
    }
    let key = `${count}`;
    for (let i = 0; i < count; i++) key += `,${stringify(names[i])}`;
    let maker = mapGet(makers, key);
    if (maker === undefined) {
      if (++makerCount > MAX_KNOWN) {
        makers = new Map();
        makerCount = 1;
      }
      maker = makerOf(names);
      mapSet(makers, key, maker);
    }
    return maker;
  }

  /** A function for one shape alone, so that V8 knows what it makes. */
  function makerOf(names) {
    try {
      let fields = '';
      for (let i = 0; i < names.length; i++) fields += `${stringify(names[i])}: read(),`;
      return new Function('read', `return () => ({${fields}});`)(readValue);
    } catch {
      // A process may forbid code from text.
      return () => {
        const object = {};
        for (let i = 0; i < names.length; i++) {
          const value = readValue();
          defineProperty(object, names[i], {
            __proto__: null,
            value,
            enumerable: true,
            writable: true,
            configurable: true,
          });
        }
        return object;
      };
    }
  }

  function readValue() {
    if (at >= inputEnd) malformed();
    const code = input[at++];
    const figure = code >> BITS;
    switch (code & 7) {
      case INTEGER:
        return figure;
      case NUMBER:
        if (doubleAt >= doubleEnd) malformed();
        return doubles[doubleAt++];
      case TEXT:
        return cut(figure);
      case CONSTANT:
        if (figure === NULL) return null;
        if (figure === UNDEFINED) return undefined;
        if (figure !== TRUE && figure !== FALSE) malformed();
        return figure === TRUE;
      case OBJECT:
        if (figure < 0 || figure >= objects.length) malformed();
        return objects[figure]();
      case ARRAY:
        if (figure < 0 || figure > inputEnd - at) malformed();
        return readElements(figure);
      default:
        return malformed();
    }
  }

  function readElements(length) {
    switch (length) {
      case 0:
        return [];
      case 1:
        return [readValue()];
      case 2:
        return [readValue(), readValue()];
      case 3:
        return [readValue(), readValue(), readValue()];
      case 4:
        return [readValue(), readValue(), readValue(), readValue()];
      default: {
        // Its elements are there, so that a store asks no prototype.
        const array = blank(length);
        for (let i = 0; i < length; i++) array[i] = readValue();
        return array;
      }
    }
  }

  function cut(length) {
    const end = blockAt + length;
    if (end <= block.length && length >= 0) {
      const text = substring(block, blockAt, end);
      blockAt = end;
      return text;
    }
    return readBeyond(length);
  }

  /** A text that is not in the block. */
  function readBeyond(length) {
    // What is left of the block is read again.
    const from = textAt - (block.length - blockAt) * unit;
    const left = (textEnd - from) / unit;
    if (length < 0 || length > left) malformed();
    const isLong = length > LONG;
    const size = isLong ? length : min(BLOCK, left);
    const text = readText(source, from, from + size * unit, wide);
    textAt = from + size * unit;
    block = isLong ? '' : text;
    blockAt = isLong ? 0 : length;
    return isLong ? text : substring(text, 0, length);
  }

  function malformed() {
    throw new RangeError('no table');
  }

  return { decode, encode };
}

function grown(small, large) {
  fill(large, small);
  return large;
}

module.exports = { createTable };
