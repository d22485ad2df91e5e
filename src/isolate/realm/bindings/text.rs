//! Conversions between strings and bytes.

#![allow(clippy::needless_pass_by_value, reason = "V8 hands arguments over by value")]

use std::slice;

use deno_core::v8;

use crate::isolate::primitives::{throw_range_error, throw_type_error};
use crate::isolate::realm::bindings::bytes::{bytes_in, bytes_of};
use crate::isolate::values::text;

type Args<'s> = v8::FunctionCallbackArguments<'s>;

/// Encodes text as UTF-8. A lone surrogate becomes U+FFFD.
pub fn encode(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let text = args.get(0).to_rust_string_lossy(scope);
    if let Some(bytes) = bytes_of(scope, text.into_bytes()) {
        result.set(bytes.into());
    }
}

/// Decodes UTF-8, and removes a byte order mark at the beginning.
pub fn decode(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Some(bytes) = bytes_in(args.get(0)) else {
        throw_type_error(scope, "expected a view of bytes");
        return;
    };
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if let Some(text) = v8::String::new_from_utf8(scope, text, v8::NewStringType::Normal) {
        result.set(text.into());
    } else {
        throw_range_error(scope, "string too long");
    }
}

/// Whether a string has code units beyond Latin-1.
pub fn is_wide(_: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let text = v8::Local::<v8::String>::try_from(args.get(0));
    result.set_bool(text.is_ok_and(|text| !text.contains_only_onebyte()));
}

/// Writes a string into a `Uint16Array` or `Uint8Array` of code units, from an index on. Does
/// nothing where there is no room.
pub fn write_text(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    let Ok(text) = v8::Local::<v8::String>::try_from(args.get(0)) else { return };
    let Ok(view) = v8::Local::<v8::TypedArray>::try_from(args.get(1)) else { return };
    let start = args.get(2).uint32_value(scope).unwrap_or(0) as usize;
    let length = text.length();
    let Some(end) = start.checked_add(length) else { return };
    let flags = v8::WriteFlags::empty();
    if view.is_uint16_array() && end <= view.byte_length() / size_of::<u16>() {
        // SAFETY: the view has room for the string from `start` on, and no JavaScript runs
        // meanwhile.
        let units =
            unsafe { slice::from_raw_parts_mut(view.data().cast::<u16>().add(start), length) };
        text.write_v2(scope, 0, units, flags);
    } else if view.is_uint8_array() && end <= view.byte_length() {
        // SAFETY: as above.
        let bytes =
            unsafe { slice::from_raw_parts_mut(view.data().cast::<u8>().add(start), length) };
        text.write_one_byte_v2(scope, 0, bytes, flags);
    }
}

/// Creates a string from a part of a view: `(view, start, end, isUtf16)`.
pub fn read_text(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Ok(view) = v8::Local::<v8::Uint8Array>::try_from(args.get(0)) else { return };
    let mut index_at = |index| args.get(index).uint32_value(scope).unwrap_or(0) as usize;
    let (from, to) = (index_at(1), index_at(2));
    if from > to || to > view.byte_length() {
        return;
    }
    // SAFETY: the range is within the view, and V8 copies it.
    let bytes = unsafe { slice::from_raw_parts(view.data().cast::<u8>().add(from), to - from) };
    let text = if args.get(3).is_true() {
        text::from_utf16(scope, bytes, v8::NewStringType::Normal)
    } else {
        text::from_latin1(scope, bytes, v8::NewStringType::Normal)
    };
    if let Some(text) = text {
        result.set(text.into());
    }
}

/// Creates an array of a given length whose elements are undefined.
pub fn undefined_array(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let length = args.get(0).uint32_value(scope).unwrap_or(0) as usize;
    let elements = vec![v8::undefined(scope).into(); length];
    result.set(v8::Array::new_with_elements(scope, &elements).into());
}
