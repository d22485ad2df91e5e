//! What the formats of a value share: the first byte, which `lib/values/kinds.js` has as well, and the error.

/// A value that cannot cross, or bytes that are not one. An exception may be pending.
#[derive(Debug)]
pub(super) struct CodecError;

pub(super) const UNDEFINED: u8 = 0;
pub(super) const NULL: u8 = 1;
pub(super) const FALSE: u8 = 2;
pub(super) const TRUE: u8 = 3;
pub(super) const NUMBER: u8 = 4;
pub(super) const LATIN1: u8 = 5;
pub(super) const UTF16: u8 = 6;
pub(super) const OBJECT: u8 = 7;
pub(super) const ARRAY: u8 = 8;
/// Plain data, see `tree`.
pub(super) const TREE: u8 = 9;
/// A number that fits into an i32.
pub(super) const INTEGER: u8 = 10;
/// Much plain data, see `lib/values/table.js`.
pub(super) const TABLE: u8 = 11;
/// See `lib/values/tree.js`.
pub(super) const BIGINT: u8 = 12;
/// V8's serialization format, and after the value what its errors lost.
pub(super) const V8_WITH_ERRORS: u8 = 0xFE;
/// V8's serialization format begins with it.
pub(super) const V8: u8 = 0xFF;
