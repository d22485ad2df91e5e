//! The code units of strings in the formats of a value: Latin-1, one byte each, or UTF-16, two
//! bytes each in little-endian order. The formats themselves write kind and length before them.

use deno_core::v8;

/// Whether a string is written as Latin-1: all its code units fit into a byte.
pub fn is_latin1(text: v8::Local<v8::String>) -> bool {
    text.contains_only_onebyte()
}

/// Appends the code units of a string for which [`is_latin1`] is true.
pub fn push_latin1(bytes: &mut Vec<u8>, scope: &mut v8::HandleScope, text: v8::Local<v8::String>) {
    let start = bytes.len();
    bytes.resize(start + text.length(), 0);
    text.write_one_byte_v2(scope, 0, &mut bytes[start..], v8::WriteFlags::empty());
}

/// Appends the code units of any string, two bytes each.
pub fn push_utf16(bytes: &mut Vec<u8>, scope: &mut v8::HandleScope, text: v8::Local<v8::String>) {
    let mut units = vec![0; text.length()];
    text.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
    bytes.extend(units.into_iter().flat_map(u16::to_le_bytes));
}

/// Creates a string of Latin-1 bytes. `None` where it is longer than V8 allows.
pub fn from_latin1<'s>(
    scope: &mut v8::HandleScope<'s>,
    bytes: &[u8],
    storage: v8::NewStringType,
) -> Option<v8::Local<'s, v8::String>> {
    v8::String::new_from_one_byte(scope, bytes, storage)
}

/// Creates a string of UTF-16 code units, and ignores an odd last byte. `None` where it is longer
/// than V8 allows.
pub fn from_utf16<'s>(
    scope: &mut v8::HandleScope<'s>,
    bytes: &[u8],
    storage: v8::NewStringType,
) -> Option<v8::Local<'s, v8::String>> {
    let (pairs, _) = bytes.as_chunks();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    v8::String::new_from_two_byte(scope, &units, storage)
}
