'use strict';

// Large plain data as a table: the shapes of its objects once, then all numbers, the structure and all text, each in one
// piece. V8's serializer asks the engine for every property and every key of every object. This makes objects of a
// known shape with a compiled function of their own, at a fifth of the cost.
//
// The file is loaded by Node, and as a module by every isolate, so it may use only what both have. As clone.js, it holds
// its own references to the built-ins, because a task may replace them. It stores nothing where a setter of a prototype
// could take it, and reads no property of a typed array that a getter of a prototype could answer: whoever replaces one
// would get all that is written here.
//
//     u8 TABLE, u8 1 if text is UTF-16 and 0 if it is Latin-1, u16 0
//     u32 count of numbers, u32 count of codes, u32 index of the first code of the shapes,
//     u32 offset of the keys in the text, in code units
//     f64 numbers · i32 codes of the value, i32 codes of the shapes · text: all strings, then all keys of all shapes
//
// The lowest three bits of a code are its kind, the ownNames a number:
//
//     INTEGER itself · NUMBER unused, takes the next of the numbers · TEXT length in code units
//     INTERNED the same, of a string that gets the next index · CONSTANT its kind, or REFERENCE plus the index of an
//     interned string · BIGINT twice its length in numbers, plus 1 if it is negative: its 64-bit words, lowest first
//     OBJECT index of its shape, values follow · ARRAY length, values follow
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
const typedArraySet = uncurry(typedArray.set);
const getter = (name) => uncurry(getOwnPropertyDescriptor(typedArray, name).get);
const [bufferOf, offsetOf, lengthOf] = [getter('buffer'), getter('byteOffset'), getter('length')];
const arrayPrototype = Array.prototype;
const objectPrototype = Object.prototype;

/** As in kinds.js. */
const TABLE = 11;
/** Size of the fields before the numbers, in bytes. */
const HEAD = 20;

// Kinds of codes.
const INTEGER = 0;
const NUMBER = 1;
const TEXT = 2;
const CONSTANT = 3;
const OBJECT = 4;
const ARRAY = 5;
const INTERNED = 6;
const BIGINT = 7;
const KIND_BITS = 3;

// Numbers of a CONSTANT; those from REFERENCE on are interned strings.
const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const REFERENCE = 4;

/** Values that exceed one of these limits are left to V8's serializer. */
const MAX_SHAPES = 256;
const MAX_KEYS = 64;
const MAX_DEPTH = 100;
const MAX_TEXT = 1 << 16;
const MAX_ELEMENTS = 1 << 17;
/** Words of 64 bits in a BigInt. */
const MAX_WORDS = 4;

/**
 * Strings are read in blocks of this many code units and sliced from them, and V8 keeps a block in memory as long as
 * a slice of it. Strings longer than `MAX_SLICED` are read one by one.
 */
const BLOCK = 1024;
const MAX_SLICED = BLOCK / 4;
/** Strings up to this length are copied by a loop here, longer ones by the host. */
const MAX_LOOP_COPY = 64;
/**
 * Strings up to this length are interned when they come again. V8 copies strings as short as these instead of slicing
 * them, so an interned string keeps no block in memory.
 */
const MAX_INTERNED = 12;
/** Slots of the hash table of strings that may be interned. */
const SLOTS = 256;

/**
 * A Set of more objects is a large object to V8, which takes memory from the system for each of them. So the objects
 * are spread over several Sets, at most `MAX_FULL_SETS` and a last one that may grow.
 */
const MAX_SET_SIZE = 1 << 12;
const MAX_FULL_SETS = 3;

const INITIAL_CAPACITY = 1 << 14;
/** Buffers that a large value has grown beyond this are not kept for the next value. */
const MAX_KEPT_CAPACITY = 1 << 18;
/** Nodes of the tree of shapes, and factories, that are kept for the next values. */
const MAX_KNOWN = 1024;

/** Thrown where a value is left to V8's serializer. */
const REFUSED = { __proto__: null };

/** Makes an array without a prototype, so that no setter is called by a store into it. */
const bareArray = () => setPrototypeOf([], null);

/** The keys of objects, in their order. Shapes are nodes of a tree, with an edge for each key. */
class Shape {
  // Fields: an assignment in the constructor would call a setter of `Object.prototype`.
  next = new Map();
  /** Its keys; undefined where no object had this shape yet. */
  names = undefined;
  /** For each key, the shape of the object that its value was the last time. */
  innerShapes = undefined;
  /** The encoding that it was written in last, and its index there. */
  session = 0;
  id = 0;
}

/**
 * Makes an encoder and decoder of tables.
 * @param {object} host - what Node and an isolate do differently
 * @param {(object: object) => boolean} host.isPlain - whether an object has the prototype `Object.prototype` and is
 *   nothing but its properties
 * @param {(array: unknown[]) => boolean} host.isProxy
 * @param {(text: string) => boolean} host.isWide - whether a string has characters beyond Latin-1
 * @param {(size: number) => Uint8Array} host.makeOutput - the bytes are aligned to four
 * @param {(text: string, units: Uint8Array | Uint16Array, at: number, wide: boolean) => void} host.writeLong - writes a
 *   string, at an offset in code units
 * @param {(bytes: Uint8Array, from: number, to: number, wide: boolean) => string} host.readText - offsets in bytes
 * @param {(length: number) => unknown[]} host.blank - makes an array with that many elements, without holes
 * @returns {{ encode(value: object): Uint8Array | undefined, decode(bytes: Uint8Array): unknown }}
 */
function createTable({ isPlain, isProxy, isWide, makeOutput, writeLong, readText, blank }) {
  // Writing

  let root = new Shape();
  let nodeCount = 0;
  let codes;
  let codeCapacity = 0;
  let codeCount = 0;
  let numbers;
  /** A view of `numbers` as 64-bit words. */
  let words;
  let numberCapacity = 0;
  let numberCount = 0;
  /** The text: a Uint8Array, and a Uint16Array from the first string that is not Latin-1 on. */
  let units;
  let unitCapacity = 0;
  let unitCount = 0;
  let isWritingWide = false;
  /** The last short string of each slot, and its index among the interned strings; -1 where it came once. */
  const slotTexts = bareArray();
  const slotIndices = new Int32Array(SLOTS);
  let internedCount = 0;
  /** The objects that were written. Those before are in `fullSets`. */
  let seen;
  let seenCount = 0;
  let fullSets;
  let shapes;
  let session = 0;

  /**
   * Encodes a value. A getter of the value must not call this.
   * @param {object} value
   * @returns {Uint8Array | undefined} made by `makeOutput`; undefined where the value is left to V8's serializer
   * @throws {unknown} what a getter of the value throws
   */
  function encode(value) {
    session++;
    codeCount = 0;
    numberCount = 0;
    unitCount = 0;
    if (codeCapacity === 0 || codeCapacity > MAX_KEPT_CAPACITY) growCodes(INITIAL_CAPACITY);
    if (numberCapacity === 0 || numberCapacity > MAX_KEPT_CAPACITY) growNumbers(INITIAL_CAPACITY / 4);
    if (unitCapacity === 0 || unitCapacity > 4 * MAX_KEPT_CAPACITY || isWritingWide) growUnits(INITIAL_CAPACITY, false);
    internedCount = 0;
    for (let i = 0; i < SLOTS; i++) slotTexts[i] = undefined;
    seen = new Set();
    seenCount = 0;
    fullSets = bareArray();
    shapes = bareArray();
    if (nodeCount > MAX_KNOWN) {
      root = new Shape();
      nodeCount = 0;
    }
    try {
      if (hasInheritedKeys()) return undefined;
      writeObject(value, undefined, 0);
      // A getter of the value may have added a key to `Object.prototype`.
      return hasInheritedKeys() ? undefined : finish();
    } catch (error) {
      if (error === REFUSED) return undefined;
      throw error;
    } finally {
      seen = undefined;
      fullSets = undefined;
      shapes = undefined;
    }
  }

  /**
   * @param {Shape | undefined} guess - the shape that the value has, if it is an object
   * @returns {Shape | undefined} the shape of an object, as a guess for the next value in its position
   */
  function writeValue(value, guess, depth) {
    // V8 compiles these comparisons to inline checks of the value, and a `switch (typeof value)` to a call.
    if (typeof value === 'string') {
      writeText(value);
    } else if (typeof value === 'number') {
      if ((value << KIND_BITS) >> KIND_BITS === value && (value !== 0 || 1 / value > 0))
        writeCode((value << KIND_BITS) | INTEGER);
      else writeNumber(value);
    } else if (typeof value === 'object') {
      if (value !== null) return writeObject(value, guess, depth + 1);
      writeCode((NULL << KIND_BITS) | CONSTANT);
    } else if (typeof value === 'boolean') {
      writeCode(((value ? TRUE : FALSE) << KIND_BITS) | CONSTANT);
    } else if (value === undefined) {
      writeCode((UNDEFINED << KIND_BITS) | CONSTANT);
    } else if (typeof value === 'bigint') {
      writeBigInt(value);
    } else {
      throw REFUSED;
    }
    return undefined;
  }

  function writeObject(object, guess, depth) {
    // V8's serializer keeps the identity of an object that comes twice.
    if (depth > MAX_DEPTH || isSeen(object)) throw REFUSED;
    if (isArray(object)) {
      // A proxy is asked first: its handler answers `getPrototypeOf`.
      if (isProxy(object) || getPrototypeOf(object) !== arrayPrototype) throw REFUSED;
      return writeElements(object, guess, depth);
    }
    if (!isPlain(object)) throw REFUSED;
    const index = codeCount;
    writeCode(0);
    const shape = writeEntries(object, guess ?? root, depth);
    if (shape.session !== session) {
      if (shapes.length === MAX_SHAPES) throw REFUSED;
      shape.session = session;
      shape.id = shapes.length;
      shapes[shape.id] = shape;
    }
    codes[index] = (shape.id << KIND_BITS) | OBJECT;
    return shape;
  }

  function isSeen(object) {
    for (let i = 0; i < fullSets.length; i++) {
      if (setHas(fullSets[i], object)) return true;
    }
    if (setHas(seen, object)) return true;
    setAdd(seen, object);
    if (++seenCount === MAX_SET_SIZE && fullSets.length < MAX_FULL_SETS) {
      fullSets[fullSets.length] = seen;
      seen = new Set();
      seenCount = 0;
    }
    return false;
  }

  /** Uses `for in`, for which V8 has the keys of objects of the same hidden class in a cache. */
  function writeEntries(object, guess, depth) {
    const { names, innerShapes } = guess;
    const length = names === undefined ? 0 : names.length;
    let count = 0;
    let ownNames;
    for (const name in object) {
      const value = object[name];
      if (ownNames === undefined && count < length && names[count] === name) {
        const found = writeValue(value, innerShapes[count], depth);
        if (found !== undefined) innerShapes[count] = found;
      } else {
        if (count === MAX_KEYS) throw REFUSED;
        ownNames ??= firstNames(names, count);
        ownNames[count] = name;
        writeValue(value, undefined, depth);
      }
      count++;
    }
    if (ownNames === undefined && count === length && names !== undefined) return guess;
    return shapeOf(ownNames ?? firstNames(names, count));
  }

  function writeElements(array, guess, depth) {
    const { length } = array;
    if (length > MAX_ELEMENTS) throw REFUSED;
    writeCode((length << KIND_BITS) | ARRAY);
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
        nodeCount++;
      }
      shape = next;
    }
    if (shape.names === undefined) {
      shape.names = names;
      shape.innerShapes = bareArray();
      for (let i = 0; i < length; i++) shape.innerShapes[i] = undefined;
    }
    return shape;
  }

  function writeText(text) {
    const { length } = text;
    if (length > MAX_INTERNED || length === 0) {
      if (length > MAX_TEXT) throw REFUSED;
      writeCode((length << KIND_BITS) | TEXT);
      writeUnits(text, length);
      return;
    }
    const slot = slotOf(text, length);
    if (slotTexts[slot] !== text) {
      slotTexts[slot] = text;
      slotIndices[slot] = -1;
      writeCode((length << KIND_BITS) | TEXT);
    } else if (slotIndices[slot] === -1) {
      slotIndices[slot] = internedCount++;
      writeCode((length << KIND_BITS) | INTERNED);
    } else {
      writeCode(((REFERENCE + slotIndices[slot]) << KIND_BITS) | CONSTANT);
      return;
    }
    writeUnits(text, length);
  }

  function writeUnits(text, length) {
    if (unitCount + length > unitCapacity) growUnits(max(2 * unitCapacity, unitCount + length), isWritingWide);
    if (length > MAX_LOOP_COPY) {
      if (!isWritingWide && isWide(text)) growUnits(unitCapacity, true);
      writeLong(text, units, unitCount, isWritingWide);
    } else if (!copyUnits(text, length)) {
      growUnits(unitCapacity, true);
      copyUnits(text, length);
    }
    unitCount += length;
  }

  /** @returns {boolean} false where a character does not fit into the units as they are */
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
    if (codeCount === codeCapacity) growCodes(2 * codeCapacity);
    codes[codeCount++] = code;
  }

  function writeNumber(number) {
    if (numberCount === numberCapacity) growNumbers(2 * numberCapacity);
    numbers[numberCount++] = number;
    writeCode(NUMBER);
  }

  function writeBigInt(value) {
    const isNegative = value < 0n;
    let count = 0;
    for (let rest = isNegative ? -value : value; rest > 0n; rest >>= 64n) {
      if (count === MAX_WORDS) throw REFUSED;
      if (numberCount === numberCapacity) growNumbers(2 * numberCapacity);
      // A store takes the lowest 64 bits.
      words[numberCount++] = rest;
      count++;
    }
    writeCode(((2 * count + (isNegative ? 1 : 0)) << KIND_BITS) | BIGINT);
  }

  // The array is replaced before its capacity: a task may be terminated in between, and an array that is larger than
  // its capacity does no harm.

  function growCodes(capacity) {
    const larger = new Int32Array(capacity);
    if (codeCount > 0) typedArraySet(larger, codes);
    codes = larger;
    codeCapacity = capacity;
  }

  function growNumbers(capacity) {
    const larger = new Float64Array(capacity);
    if (numberCount > 0) typedArraySet(larger, numbers);
    const view = new BigUint64Array(bufferOf(larger));
    numbers = larger;
    words = view;
    numberCapacity = capacity;
  }

  function growUnits(capacity, wide) {
    const larger = wide ? new Uint16Array(capacity) : new Uint8Array(capacity);
    if (unitCount > 0) typedArraySet(larger, units);
    units = larger;
    isWritingWide = wide;
    unitCapacity = capacity;
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
    typedArraySet(bytes, new Uint8Array(bufferOf(numbers), 0, 8 * numberCount), HEAD);
    typedArraySet(bytes, new Uint8Array(bufferOf(codes), 0, 4 * codeCount), codesAt);
    typedArraySet(bytes, new Uint8Array(bufferOf(units), 0, textSize), textAt);
    return bytes;
  }

  // Reading

  /** Keys of a shape, as text → function that reads an object of that shape. */
  let factories = new Map();
  let factoryCount = 0;

  let source;
  let wide = false;
  let unit = 1;
  let interned;
  let input;
  let inputCapacity = 0;
  let inputEnd = 0;
  let at = 0;
  let doubles;
  let doubleWords;
  let doubleCapacity = 0;
  let doubleEnd = 0;
  let doubleAt = 0;
  let textAt = 0;
  let textEnd = 0;
  /** A piece of the text, and the offset of the next string in it. */
  let block = '';
  let blockAt = 0;
  let objects;

  /**
   * Decodes a value.
   * @param {Uint8Array} bytes - a table
   * @throws {RangeError} when they are no table
   */
  function decode(bytes) {
    const size = lengthOf(bytes);
    const buffer = bufferOf(bytes);
    const offset = offsetOf(bytes);
    if (size < HEAD) malformed();
    const head = new Uint8Array(HEAD);
    typedArraySet(head, new Uint8Array(buffer, offset, HEAD));
    const { 1: count, 2: total, 3: shapesAt, 4: keysAt } = new Int32Array(bufferOf(head));
    const codesAt = HEAD + 8 * count;
    const textsAt = codesAt + 4 * total;
    wide = head[1] === 1;
    unit = wide ? 2 : 1;
    textAt = textsAt + keysAt * unit;
    textEnd = size;
    if (count < 0 || total < 0 || shapesAt < 0 || shapesAt > total || keysAt < 0 || textAt > size) malformed();
    if (inputCapacity === 0 || inputCapacity < total || inputCapacity > MAX_KEPT_CAPACITY) {
      const capacity = max(INITIAL_CAPACITY, total);
      input = new Int32Array(capacity);
      inputCapacity = capacity;
    }
    if (doubleCapacity === 0 || doubleCapacity < count || doubleCapacity > MAX_KEPT_CAPACITY) {
      const capacity = max(INITIAL_CAPACITY / 4, count);
      const larger = new Float64Array(capacity);
      doubleWords = new BigUint64Array(bufferOf(larger));
      doubles = larger;
      doubleCapacity = capacity;
    }
    // Copied, because the bytes need not be aligned here.
    typedArraySet(new Uint8Array(bufferOf(doubles)), new Uint8Array(buffer, offset + HEAD, 8 * count));
    typedArraySet(new Uint8Array(bufferOf(input)), new Uint8Array(buffer, offset + codesAt, 4 * total));
    source = bytes;
    doubleEnd = count;
    doubleAt = 0;
    block = '';
    blockAt = 0;
    try {
      at = shapesAt;
      inputEnd = total;
      objects = bareArray();
      while (at < total) objects[objects.length] = readShape();
      at = 0;
      inputEnd = shapesAt;
      textEnd = textsAt + keysAt * unit;
      textAt = textsAt;
      block = '';
      blockAt = 0;
      interned = bareArray();
      return readValue();
    } finally {
      source = undefined;
      objects = undefined;
      interned = undefined;
      block = '';
    }
  }

  function readShape() {
    const count = input[at++];
    if (count < 0 || count > inputEnd - at || count > MAX_KEYS) malformed();
    const names = bareArray();
    for (let i = 0; i < count; i++) {
      const name = readString(input[at++]);
      if (name === '__proto__') malformed();
      names[i] = name;
    }
    let key = `${count}`;
    for (let i = 0; i < count; i++) key += `,${stringify(names[i])}`;
    let factory = mapGet(factories, key);
    if (factory === undefined) {
      if (++factoryCount > MAX_KNOWN) {
        factories = new Map();
        factoryCount = 1;
      }
      factory = createFactory(names);
      mapSet(factories, key, factory);
    }
    return factory;
  }

  /** Compiles a function for one shape, with an object literal: V8 knows the hidden class of its objects. */
  function createFactory(names) {
    try {
      let fields = '';
      for (let i = 0; i < names.length; i++) fields += `${stringify(names[i])}: read(),`;
      return new Function('read', `return () => ({${fields}});`)(readValue);
    } catch {
      // Code generation from strings may be disallowed: `node --disallow-code-generation-from-strings`.
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
    const figure = code >> KIND_BITS;
    switch (code & 7) {
      case INTEGER:
        return figure;
      case NUMBER:
        if (doubleAt >= doubleEnd) malformed();
        return doubles[doubleAt++];
      case TEXT:
        return readString(figure);
      case CONSTANT:
        if (figure === NULL) return null;
        if (figure === UNDEFINED) return undefined;
        if (figure === TRUE) return true;
        if (figure === FALSE) return false;
        if (figure < REFERENCE || figure - REFERENCE >= interned.length) malformed();
        return interned[figure - REFERENCE];
      case BIGINT:
        return readBigInt(figure);
      case INTERNED: {
        const text = readString(figure);
        interned[interned.length] = text;
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
        // The array has its elements already, so a store calls no setter of a prototype.
        const array = blank(length);
        for (let i = 0; i < length; i++) array[i] = readValue();
        return array;
      }
    }
  }

  function readString(length) {
    const end = blockAt + length;
    if (end <= block.length && length >= 0) {
      const text = substring(block, blockAt, end);
      blockAt = end;
      return text;
    }
    return readNextBlock(length);
  }

  /** Reads a string that the block does not hold, and the next block. */
  function readNextBlock(length) {
    // The rest of the block is read again, as the beginning of the next one.
    const from = textAt - (block.length - blockAt) * unit;
    const left = (textEnd - from) / unit;
    if (length < 0 || length > left) malformed();
    const isLong = length > MAX_SLICED;
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

/** The slot of a short string: a hash of its length and of the characters in which similar strings differ mostly. */
function slotOf(text, length) {
  let hash = length + 3 * charCodeAt(text, 0) + 5 * charCodeAt(text, length >> 1) + 7 * charCodeAt(text, length - 1);
  if (length > 1) hash += 31 * charCodeAt(text, length - 2);
  return hash & (SLOTS - 1);
}

/** Whether a `for in` loop over a plain object finds keys that it inherits. */
function hasInheritedKeys() {
  for (const _ in objectPrototype) return true;
  return false;
}

function firstNames(names, count) {
  const first = bareArray();
  for (let i = 0; i < count; i++) first[i] = names[i];
  return first;
}

module.exports = { createTable };
