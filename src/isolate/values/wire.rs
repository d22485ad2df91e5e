//! What the formats of a value share: their first byte, as in `lib/values/kinds.js`, and the error.

/// A value that cannot cross, or bytes that are not one. An exception may be pending.
#[derive(Debug)]
pub struct CodecError;

pub const UNDEFINED: u8 = 0;
pub const NULL: u8 = 1;
pub const FALSE: u8 = 2;
pub const TRUE: u8 = 3;
pub const NUMBER: u8 = 4;
pub const LATIN1: u8 = 5;
pub const UTF16: u8 = 6;
pub const OBJECT: u8 = 7;
pub const ARRAY: u8 = 8;
/// A little plain data, see `lib/values/tree.js`.
pub const TREE: u8 = 9;
/// A number that fits into an i32.
pub const INTEGER: u8 = 10;
/// Much plain data, see `lib/values/table.js`.
pub const TABLE: u8 = 11;
/// See `lib/values/tree.js`.
pub const BIGINT: u8 = 12;
/// V8's serialization format, and after the value what its errors lost.
pub const V8_WITH_ERRORS: u8 = 0xFE;
/// V8's serialization format begins with it.
pub const V8: u8 = 0xFF;

/// The most objects and arrays of a [`TREE`]; it bounds the depth as well. V8's serializer is faster for more.
pub const MAX_OBJECTS: usize = 24;
/// Lengths in a tree take one byte below this value. A length from here on takes four bytes behind this byte.
pub const LONG: u8 = 255;
