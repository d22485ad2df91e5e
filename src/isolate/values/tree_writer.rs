//! The writer of trees, the isolate's side of `lib/values/tree.js`, which describes the format.

use deno_core::v8;

use crate::isolate::values::ordinary::is_ordinary;
use crate::isolate::values::text;
use crate::isolate::values::varint;
use crate::isolate::values::wire::{
    ARRAY, BIGINT, CodecError, FALSE, INTEGER, LATIN1, LONG, MAX_OBJECTS, NULL, NUMBER, OBJECT,
    TREE, TRUE, UNDEFINED, UTF16, V8,
};

/// The limits of a tree. V8's serializer is faster for larger values.
const MAX_KEYS: u32 = 64;
const MAX_ELEMENTS: u32 = 256;
const MAX_TEXT: usize = 4096;

/// The begin of a BigInt in V8's serialization format, in a version that every V8 can read.
const BIGINT_HEAD: [u8; 3] = [V8, 0x0f, b'Z'];
const WORD: usize = size_of::<u64>();

const PROTO: &str = "__proto__";

/// Encodes an object. `None` where it is not plain data, or too large. Properties are read as by
/// structured clone, so getters run.
///
/// # Errors
/// When a getter throws; the exception is pending then.
pub fn encode<'s>(
    scope: &mut v8::HandleScope<'s>,
    object_prototype: v8::Local<'s, v8::Value>,
    value: v8::Local<'s, v8::Object>,
) -> Result<Option<Vec<u8>>, CodecError> {
    let mut writer = Writer { bytes: vec![TREE], visited: Vec::new(), object_prototype };
    let is_done = writer.object(scope, value)?;
    Ok(is_done.then_some(writer.bytes))
}

struct Writer<'s> {
    bytes: Vec<u8>,
    /// The objects so far. A value that contains an object twice is left to V8's serializer, which
    /// preserves identity.
    visited: Vec<v8::Local<'s, v8::Object>>,
    object_prototype: v8::Local<'s, v8::Value>,
}

impl<'s> Writer<'s> {
    fn value(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
        value: v8::Local<'s, v8::Value>,
    ) -> Result<bool, CodecError> {
        if value.is_number() {
            push_number(&mut self.bytes, value.number_value(scope).ok_or(CodecError)?);
        } else if let Ok(text) = v8::Local::<v8::String>::try_from(value) {
            return Ok(self.text(scope, text));
        } else if let Ok(object) = v8::Local::<v8::Object>::try_from(value) {
            return self.object(scope, object);
        } else if value.is_undefined() {
            self.bytes.push(UNDEFINED);
        } else if value.is_null() {
            self.bytes.push(NULL);
        } else if value.is_boolean() {
            self.bytes.push(if value.is_true() { TRUE } else { FALSE });
        } else if let Ok(integer) = v8::Local::<v8::BigInt>::try_from(value) {
            push_big_int(&mut self.bytes, integer);
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn object(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
        object: v8::Local<'s, v8::Object>,
    ) -> Result<bool, CodecError> {
        if self.visited.len() == MAX_OBJECTS || self.visited.contains(&object) || object.is_proxy()
        {
            return Ok(false);
        }
        self.visited.push(object);
        if let Ok(array) = v8::Local::<v8::Array>::try_from(object) {
            return self.array(scope, array);
        }
        let is_plain = object.get_prototype(scope) == Some(self.object_prototype)
            && is_ordinary(object.into());
        if !is_plain {
            return Ok(false);
        }
        let names = object.get_own_property_names(scope, Default::default()).ok_or(CodecError)?;
        if names.length() > MAX_KEYS {
            return Ok(false);
        }
        self.push_head(OBJECT, names.length());
        let mut keys = Vec::with_capacity(names.length() as usize);
        for index in 0..names.length() {
            let name = names.get_index(scope, index).ok_or(CodecError)?;
            let name = name.to_string(scope).ok_or(CodecError)?;
            // An assignment of `__proto__` in the reader would set the prototype.
            if name.length() == PROTO.len() && name.to_rust_string_lossy(scope) == PROTO {
                return Ok(false);
            }
            if !self.text(scope, name) {
                return Ok(false);
            }
            keys.push(name);
        }
        for name in keys {
            let value = object.get(scope, name.into()).ok_or(CodecError)?;
            // A getter may have deleted later properties.
            let is_gone = value.is_undefined()
                && !object.has_own_property(scope, name.into()).ok_or(CodecError)?;
            if is_gone || !self.value(scope, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn array(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
        array: v8::Local<'s, v8::Array>,
    ) -> Result<bool, CodecError> {
        let length = array.length();
        if length > MAX_ELEMENTS {
            return Ok(false);
        }
        // Holes and other properties are left to V8's serializer. Own property names list indices
        // first: where there are as many names as elements and the last one is an index, all are.
        let names = array.get_own_property_names(scope, Default::default()).ok_or(CodecError)?;
        if names.length() != length {
            return Ok(false);
        }
        if let Some(last) = length.checked_sub(1) {
            let name = names.get_index(scope, last).ok_or(CodecError)?;
            if !name.is_uint32() || name.uint32_value(scope) != Some(last) {
                return Ok(false);
            }
        }
        self.push_head(ARRAY, length);
        for index in 0..length {
            let value = array.get_index(scope, index).ok_or(CodecError)?;
            if !self.value(scope, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn text(&mut self, scope: &mut v8::HandleScope, string: v8::Local<v8::String>) -> bool {
        let length = string.length();
        if length > MAX_TEXT {
            return false;
        }
        if text::is_latin1(string) {
            self.push_head(LATIN1, length as u32);
            text::push_latin1(&mut self.bytes, scope, string);
        } else {
            self.push_head(UTF16, 2 * length as u32);
            text::push_utf16(&mut self.bytes, scope, string);
        }
        true
    }

    /// Appends kind and length.
    fn push_head(&mut self, kind: u8, length: u32) {
        self.bytes.push(kind);
        match u8::try_from(length) {
            Ok(length) if length < LONG => self.bytes.push(length),
            _ => {
                self.bytes.push(LONG);
                self.bytes.extend_from_slice(&length.to_le_bytes());
            }
        }
    }
}

/// Appends a number, as an integer where it is one of 32 bits.
pub fn push_number(bytes: &mut Vec<u8>, number: f64) {
    let integer = number as i32;
    // -0 is not an integer: it differs from 0 in its bits.
    if f64::from(integer).to_bits() == number.to_bits() {
        bytes.push(INTEGER);
        bytes.extend_from_slice(&integer.to_le_bytes());
    } else {
        bytes.push(NUMBER);
        bytes.extend_from_slice(&number.to_le_bytes());
    }
}

/// Appends a BigInt: the kind, and V8's serialization format of it.
pub fn push_big_int(bytes: &mut Vec<u8>, integer: v8::Local<v8::BigInt>) {
    let mut words = vec![0; integer.word_count()];
    let (is_negative, words) = integer.to_words_array(&mut words);
    bytes.push(BIGINT);
    bytes.extend_from_slice(&BIGINT_HEAD);
    let field = 2 * WORD * words.len() + usize::from(is_negative);
    varint::write(bytes, field as u64);
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}
