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
//     u32 count of numbers, u32 count of codes, u32 where the shapes begin among the codes,
//     u32 where the keys begin in the text, in units
//     f64 numbers · i32 codes of the value, i32 shapes · text: all texts, then all keys of all shapes
//
// The lowest three bits of a code say what it is, the others a number:
//
//     INTEGER itself · NUMBER the next of the numbers · TEXT the length in units
//     NOTED the same, of a text that comes again · CONSTANT its kind, or AGAIN and which of the noted texts
//     BIGINT twice its length in numbers, plus 1 where it is negative: their 64 bits, the lowest first
//     OBJECT its shape, values follow · ARRAY its length, values follow
//
// A shape is the number of its keys, and their lengths.

const {
  Array,
  Array: { isArray },
  BigUint64Array,
  Float64Array,
  Function,
  Int32Array,
  JSON: { stringify },
  Map,
  Math: { max, min },
  Object,
  Object: { defineProperty, getOwnPropertyDescriptor, getPrototypeOf, keys, setPrototypeOf },
  RangeError,
  Set,
  String,
  Uint16Array,
  Uint8Array,
} = globalThis;

const uncurry = (fn) => Function.prototype.call.bind(fn);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const setAdd = uncurry(Set.prototype.add);
const setHas = uncurry(Set.prototype.has);
const charCodeAt = uncurry(String.prototype.charCodeAt);
const substring = uncurry(String.prototype.substring);
const typedArray = getPrototypeOf(Uint8Array.prototype);
const fill = uncurry(typedArray.set);
const getter = (name) => uncurry(getOwnPropertyDescriptor(typedArray, name).get);
const [bufferOf, offsetOf, lengthOf] = [getter('buffer'), getter('byteOffset'), getter('length')];
const arrayPrototype = Array.prototype;
const objectPrototype = Object.prototype;

const TABLE = 11;
const HEAD = 20;

const INTEGER = 0;
const NUMBER = 1;
const TEXT = 2;
const CONSTANT = 3;
const OBJECT = 4;
const ARRAY = 5;
const NOTED = 6;
const BIGINT = 7;
const BITS = 3;

const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const AGAIN = 4;

/** More than this is left to V8's serializer. */
const MAX_SHAPES = 256;
const MAX_KEYS = 64;
const MAX_DEPTH = 100;
const MAX_TEXT = 1 << 16;
const MAX_ELEMENTS = 1 << 17;
/** Of 64 bits, in a BigInt. */
const MAX_WORDS = 4;

/**
 * Texts are cut from strings of this length, which V8 may keep as long as one of them is kept; longer ones are
 * made one by one.
 */
const BLOCK = 1024;
const LONG = BLOCK / 4;
/** Texts up to this length are copied here, longer ones by the host. */
const SHORT = 64;
/**
 * Texts up to this length are looked for among those that were met. V8 makes no slices as short as these: one that
 * is remembered does not keep a longer text.
 */
const BRIEF = 12;
const BRIEFS = 256;

/**
 * A set of more objects is large to V8, which gets memory from the system for it each time. But there are only so
 * many sets beside the last.
 */
const MET = 1 << 12;
const MAX_FULL = 3;

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
 * @param {(text: string, units: Uint8Array | Uint16Array, at: number, wide: boolean) => void} host.writeLong - at a
 *   place in units
 * @param {(bytes: Uint8Array, from: number, to: number, wide: boolean) => string} host.readText
 * @param {(length: number) => unknown[]} host.blank - an array with so many elements
 */
function createTable({ isPlain, isProxy, isWide, makeOutput, writeLong, readText, blank }) {
  // Writing

  let root = new Shape();
  let steps = 0;
  let codes;
  let codeRoom = 0;
  let codeCount = 0;
  let numbers;
  /** The same memory. */
  let words;
  let numberRoom = 0;
  let numberCount = 0;
  /** Bytes, or units of 16 bits once a text needs them. */
  let units;
  let unitRoom = 0;
  let unitCount = 0;
  let isWritingWide = false;
  /** Brief texts that were met, by a hash, and their places among the noted ones. */
  const briefs = list();
  const places = new Int32Array(BRIEFS);
  let notedCount = 0;
  /** The objects that were met, at last in one set and before in full ones. */
  let met;
  let metCount = 0;
  let full;
  let shapes;
  let session = 0;

  /**
   * Not to be called by a getter of a value that is being written.
   * @param {object} value
   * @returns {Uint8Array | undefined} what `makeOutput` gave, filled; undefined where it is for V8's serializer
   */
  function encode(value) {
    session++;
    codeCount = 0;
    numberCount = 0;
    unitCount = 0;
    if (codeRoom === 0 || codeRoom > KEPT) growCodes(SMALLEST);
    if (numberRoom === 0 || numberRoom > KEPT) growNumbers(SMALLEST / 4);
    if (unitRoom === 0 || unitRoom > 4 * KEPT || isWritingWide) growUnits(SMALLEST, false);
    notedCount = 0;
    for (let i = 0; i < BRIEFS; i++) briefs[i] = undefined;
    met = new Set();
    metCount = 0;
    full = list();
    shapes = list();
    if (steps > MAX_KNOWN) {
      root = new Shape();
      steps = 0;
    }
    try {
      if (isInherited()) return undefined;
      writeObject(value, undefined, 0);
      // A getter may have come in between.
      return isInherited() ? undefined : finish();
    } catch (error) {
      if (error === REFUSED) return undefined;
      throw error;
    } finally {
      met = undefined;
      full = undefined;
      shapes = undefined;
    }
  }

  /** @returns {Shape | undefined} where it is an object: what it was, as a guess for the next in its place */
  function writeValue(value, guess, depth) {
    // V8 compiles such a comparison to a look at the value, and a `switch` to a call.
    if (typeof value === 'string') {
      writeText(value);
    } else if (typeof value === 'number') {
      if ((value << BITS) >> BITS === value && (value !== 0 || 1 / value > 0)) writeCode((value << BITS) | INTEGER);
      else writeNumber(value);
    } else if (typeof value === 'object') {
      if (value !== null) return writeObject(value, guess, depth + 1);
      writeCode((NULL << BITS) | CONSTANT);
    } else if (typeof value === 'boolean') {
      writeCode(((value ? TRUE : FALSE) << BITS) | CONSTANT);
    } else if (value === undefined) {
      writeCode((UNDEFINED << BITS) | CONSTANT);
    } else if (typeof value === 'bigint') {
      writeBigInt(value);
    } else {
      throw REFUSED;
    }
    return undefined;
  }

  function writeObject(object, guess, depth) {
    // One that is met twice needs its identity kept, which V8's serializer does.
    if (depth > MAX_DEPTH || isMet(object)) throw REFUSED;
    if (isArray(object)) {
      // Of a proxy even the prototype is the word of its handler.
      if (isProxy(object) || getPrototypeOf(object) !== arrayPrototype) throw REFUSED;
      return writeElements(object, guess, depth);
    }
    if (!isPlain(object)) throw REFUSED;
    const place = codeCount;
    writeCode(0);
    const shape = writeEntries(object, guess ?? root, depth);
    if (shape.session !== session) {
      if (shapes.length === MAX_SHAPES) throw REFUSED;
      shape.session = session;
      shape.id = shapes.length;
      shapes[shape.id] = shape;
    }
    codes[place] = (shape.id << BITS) | OBJECT;
    return shape;
  }

  function isMet(object) {
    for (let i = 0; i < full.length; i++) {
      if (setHas(full[i], object)) return true;
    }
    if (setHas(met, object)) return true;
    setAdd(met, object);
    if (++metCount === MET && full.length < MAX_FULL) {
      full[full.length] = met;
      met = new Set();
      metCount = 0;
    }
    return false;
  }

  /** The loop is over the object itself: V8 keeps its keys with its map, and where their values are. */
  function writeEntries(object, guess, depth) {
    const { names, inner } = guess;
    const length = names === undefined ? 0 : names.length;
    let count = 0;
    let others;
    for (const name in object) {
      const value = object[name];
      if (others === undefined && count < length && names[count] === name) {
        const found = writeValue(value, inner[count], depth);
        if (found !== undefined) inner[count] = found;
      } else {
        if (count === MAX_KEYS) throw REFUSED;
        others ??= firstOf(names, count);
        others[count] = name;
        writeValue(value, undefined, depth);
      }
      count++;
    }
    if (others === undefined && count === length && names !== undefined) return guess;
    return shapeOf(others ?? firstOf(names, count));
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

  function writeText(text) {
    const { length } = text;
    if (length > BRIEF || length === 0) {
      if (length > MAX_TEXT) throw REFUSED;
      writeCode((length << BITS) | TEXT);
      writeUnits(text, length);
      return;
    }
    const slot = slotOf(text, length);
    if (briefs[slot] !== text) {
      briefs[slot] = text;
      places[slot] = -1;
      writeCode((length << BITS) | TEXT);
    } else if (places[slot] === -1) {
      places[slot] = notedCount++;
      writeCode((length << BITS) | NOTED);
    } else {
      writeCode(((AGAIN + places[slot]) << BITS) | CONSTANT);
      return;
    }
    writeUnits(text, length);
  }

  function writeUnits(text, length) {
    if (unitCount + length > unitRoom) growUnits(max(2 * unitRoom, unitCount + length), isWritingWide);
    if (length > SHORT) {
      if (!isWritingWide && isWide(text)) growUnits(unitRoom, true);
      writeLong(text, units, unitCount, isWritingWide);
    } else if (!copyUnits(text, length)) {
      growUnits(unitRoom, true);
      copyUnits(text, length);
    }
    unitCount += length;
  }

  /** @returns {boolean} false where it has characters beyond what was written so far */
  function copyUnits(text, length) {
    let all = 0;
    for (let i = 0; i < length; i++) {
      const unit = charCodeAt(text, i);
      all |= unit;
      units[unitCount + i] = unit;
    }
    return all <= 0xff || isWritingWide;
  }

  function writeCode(code) {
    if (codeCount === codeRoom) growCodes(2 * codeRoom);
    codes[codeCount++] = code;
  }

  function writeNumber(number) {
    if (numberCount === numberRoom) growNumbers(2 * numberRoom);
    numbers[numberCount++] = number;
    writeCode(NUMBER);
  }

  function writeBigInt(value) {
    const isNegative = value < 0n;
    let count = 0;
    for (let rest = isNegative ? -value : value; rest > 0n; rest >>= 64n) {
      if (count === MAX_WORDS) throw REFUSED;
      if (numberCount === numberRoom) growNumbers(2 * numberRoom);
      // Of more than 64 bits the lowest.
      words[numberCount++] = rest;
      count++;
    }
    writeCode(((2 * count + (isNegative ? 1 : 0)) << BITS) | BIGINT);
  }

  // What is larger than it has to be is harmless, if a task is ended by force before its room is known.

  function growCodes(room) {
    const larger = new Int32Array(room);
    if (codeCount > 0) fill(larger, codes);
    codes = larger;
    codeRoom = room;
  }

  function growNumbers(room) {
    const larger = new Float64Array(room);
    if (numberCount > 0) fill(larger, numbers);
    const view = new BigUint64Array(bufferOf(larger));
    numbers = larger;
    words = view;
    numberRoom = room;
  }

  function growUnits(room, wide) {
    const larger = wide ? new Uint16Array(room) : new Uint8Array(room);
    if (unitCount > 0) fill(larger, units);
    units = larger;
    isWritingWide = wide;
    unitRoom = room;
  }

  function finish() {
    const shapesAt = codeCount;
    const keysAt = unitCount;
    for (let i = 0; i < shapes.length; i++) {
      const { names } = shapes[i];
      writeCode(names.length);
      for (let j = 0; j < names.length; j++) {
        writeCode(names[j].length);
        writeUnits(names[j], names[j].length);
      }
    }
    const codesAt = HEAD + 8 * numberCount;
    const textAt = codesAt + 4 * codeCount;
    const textSize = (isWritingWide ? 2 : 1) * unitCount;
    const bytes = makeOutput(textAt + textSize);
    bytes[0] = TABLE;
    bytes[1] = isWritingWide ? 1 : 0;
    const head = new Int32Array(bufferOf(bytes), offsetOf(bytes) + 4, 4);
    head[0] = numberCount;
    head[1] = codeCount;
    head[2] = shapesAt;
    head[3] = keysAt;
    fill(bytes, new Uint8Array(bufferOf(numbers), 0, 8 * numberCount), HEAD);
    fill(bytes, new Uint8Array(bufferOf(codes), 0, 4 * codeCount), codesAt);
    fill(bytes, new Uint8Array(bufferOf(units), 0, textSize), textAt);
    return bytes;
  }

  // Reading

  /** By their keys, functions that read an object. */
  let makers = new Map();
  let makerCount = 0;

  let source;
  let wide = false;
  let unit = 1;
  let noted;
  let input;
  let inputRoom = 0;
  let inputEnd = 0;
  let at = 0;
  let doubles;
  let doubleWords;
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
    const { 1: count, 2: total, 3: shapesAt, 4: keysAt } = new Int32Array(bufferOf(head));
    const codesAt = HEAD + 8 * count;
    const textsAt = codesAt + 4 * total;
    wide = head[1] === 1;
    unit = wide ? 2 : 1;
    textAt = textsAt + keysAt * unit;
    textEnd = size;
    if (count < 0 || total < 0 || shapesAt < 0 || shapesAt > total || keysAt < 0 || textAt > size) malformed();
    if (inputRoom === 0 || inputRoom < total || inputRoom > KEPT) {
      const room = max(SMALLEST, total);
      input = new Int32Array(room);
      inputRoom = room;
    }
    if (doubleRoom === 0 || doubleRoom < count || doubleRoom > KEPT) {
      const room = max(SMALLEST / 4, count);
      const larger = new Float64Array(room);
      doubleWords = new BigUint64Array(bufferOf(larger));
      doubles = larger;
      doubleRoom = room;
    }
    // A copy: what was written aligned need not lie so here.
    fill(new Uint8Array(bufferOf(doubles)), new Uint8Array(buffer, offset + HEAD, 8 * count));
    fill(new Uint8Array(bufferOf(input)), new Uint8Array(buffer, offset + codesAt, 4 * total));
    source = bytes;
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
      textEnd = textsAt + keysAt * unit;
      textAt = textsAt;
      block = '';
      blockAt = 0;
      noted = list();
      return readValue();
    } finally {
      source = undefined;
      objects = undefined;
      noted = undefined;
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
        if (figure === TRUE) return true;
        if (figure === FALSE) return false;
        if (figure < AGAIN || figure - AGAIN >= noted.length) malformed();
        return noted[figure - AGAIN];
      case BIGINT:
        return readBigInt(figure);
      case NOTED: {
        const text = cut(figure);
        noted[noted.length] = text;
        return text;
      }
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

  function readBigInt(figure) {
    const count = figure >> 1;
    if (count < 0 || count > MAX_WORDS || count > doubleEnd - doubleAt) malformed();
    doubleAt += count;
    let value = 0n;
    for (let i = 1; i <= count; i++) value = (value << 64n) | doubleWords[doubleAt - i];
    return (figure & 1) === 1 ? -value : value;
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

/** A place for a brief text, by what texts that are alike differ in most often. */
function slotOf(text, length) {
  let hash = length + 3 * charCodeAt(text, 0) + 5 * charCodeAt(text, length >> 1) + 7 * charCodeAt(text, length - 1);
  if (length > 1) hash += 31 * charCodeAt(text, length - 2);
  return hash & (BRIEFS - 1);
}

/** Whether an object has keys that it inherits: a loop over it would meet them. */
function isInherited() {
  for (const _ in objectPrototype) return true;
  return false;
}

function firstOf(names, count) {
  const first = list();
  for (let i = 0; i < count; i++) first[i] = names[i];
  return first;
}

module.exports = { createTable };
