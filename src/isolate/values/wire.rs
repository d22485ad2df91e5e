//! The constants that the formats of a value share, as in `lib/values/kinds.js`, and their error.

/// Returned for a value that cannot be cloned, or bytes that do not represent a value. An exception
/// may be pending.
#[derive(Debug)]
pub struct CodecError;

/// The kinds of primitive values: two constants, two booleans, an f64 (little-endian), and strings as in
/// [`text`](crate::isolate::values::text).
pub const UNDEFINED: u8 = 0;
pub const NULL: u8 = 1;
pub const FALSE: u8 = 2;
pub const TRUE: u8 = 3;
pub const NUMBER: u8 = 4;
pub const LATIN1: u8 = 5;
pub const UTF16: u8 = 6;
/// The kinds of objects and arrays within a [`TREE`].
pub const OBJECT: u8 = 7;
pub const ARRAY: u8 = 8;
/// Small plain data, see `lib/values/tree.js`.
pub const TREE: u8 = 9;
/// A number that fits into an i32.
pub const INTEGER: u8 = 10;
/// Large plain data, see `lib/values/table.js`.
pub const TABLE: u8 = 11;
/// See `lib/values/tree.js`.
pub const BIGINT: u8 = 12;
/// V8's serialization format of two values: the value, and what its errors lost in the format.
pub const V8_WITH_ERRORS: u8 = 0xFE;
/// The first byte of V8's serialization format.
pub const V8: u8 = 0xFF;

/// The maximum number of objects and arrays in a [`TREE`], which also bounds the depth. V8's
/// serializer is faster for more.
pub const MAX_OBJECTS: usize = 24;
/// Lengths in a tree below this value take one byte. Other lengths follow this byte in four bytes.
pub const LONG: u8 = 255;
