'use strict';

// The first byte of a value on the wire; src/isolate/wire.rs has the same.

module.exports = {
  UNDEFINED: 0,
  NULL: 1,
  FALSE: 2,
  TRUE: 3,
  NUMBER: 4,
  LATIN1: 5,
  UTF16: 6,
  OBJECT: 7,
  ARRAY: 8,
  /** Plain data, see tree.js. */
  TREE: 9,
  /** A number that fits into an i32. */
  INTEGER: 10,
  /** Much plain data, see table.js. */
  TABLE: 11,
  /** See tree.js. */
  BIGINT: 12,
  /** V8's serialization format, and after the value what its errors lost. */
  V8_WITH_ERRORS: 0xfe,
  /** V8's serialization format begins with it. */
  V8: 0xff,

  /** By their kind. */
  CONSTANTS: [undefined, null, false, true],

  // biome-ignore lint/suspicious/noControlCharactersInRegex: the bounds of Latin-1
  BEYOND_LATIN1: /[^\x00-\xff]/,
};
