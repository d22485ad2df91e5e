'use strict';

// The first byte of an encoded value, its kind. src/isolate/values/wire.rs has the same numbers.

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
  /** Little plain data, see tree.js. */
  TREE: 9,
  /** A number that is an i32, except -0. */
  INTEGER: 10,
  /** Large plain data, see table.js. */
  TABLE: 11,
  /** See tree.js. */
  BIGINT: 12,
  /** V8's serialization format, and after the value what its errors lose in that format. */
  V8_WITH_ERRORS: 0xfe,
  /** V8's serialization format, which begins with this byte. */
  V8: 0xff,

  /** Kind → value. */
  CONSTANTS: [undefined, null, false, true],

  // biome-ignore lint/suspicious/noControlCharactersInRegex: the bounds of Latin-1
  BEYOND_LATIN1: /[^\x00-\xff]/,
};
