//! Plain data in a format of our own: the isolate's side of `lib/values/tree.js`, where the layout stands.

use deno_core::v8;

use super::wire::{
    ARRAY, BIGINT, CodecError, FALSE, INTEGER, LATIN1, NULL, NUMBER, OBJECT, TREE, TRUE, UNDEFINED,
    UTF16, V8,
};

/// More than this is left to V8's serializer, which is faster for it.
const MAX_OBJECTS: usize = 24;
const MAX_KEYS: u32 = 64;
const MAX_ELEMENTS: u32 = 256;
const MAX_TEXT: usize = 4096;

/// How V8 begins a BigInt, in a version of its format that every V8 can read.
const BIGINT_HEAD: [u8; 3] = [V8, 0x0f, b'Z'];
const WORD: usize = size_of::<u64>();

/// Makes a value from the bytes behind [`TREE`].
pub(super) fn decode<'s>(
    scope: &mut v8::HandleScope<'s>,
    bytes: &[u8],
) -> Result<v8::Local<'s, v8::Value>, CodecError> {
    let mut reader = Reader::new(bytes);
    let value = reader.value(scope)?;
    reader.end()?;
    Ok(value)
}

/// Turns an object into bytes; `None` where it is not plain or too large. It is read by its own
/// keys, as by structured clone, so getters run.
///
/// # Errors
/// When one of them throws; the exception is pending then.
pub(super) fn encode<'s>(
    scope: &mut v8::HandleScope<'s>,
    object_prototype: v8::Local<'s, v8::Value>,
    value: v8::Local<'s, v8::Object>,
) -> Result<Option<Vec<u8>>, CodecError> {
    let mut writer = Writer { bytes: vec![TREE], met: Vec::new(), object_prototype };
    let is_done = writer.object(scope, value)?;
    Ok(is_done.then_some(writer.bytes))
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    objects: usize,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, objects: 0 }
    }

    /// # Errors
    /// When there is more than what was read.
    pub fn end(&self) -> Result<(), CodecError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(CodecError) }
    }

    /// The keys of an object whose keys are one-byte texts, `most` at most, and the bytes of its values.
    pub fn keys(mut self, most: u32) -> Option<(Vec<&'a [u8]>, &'a [u8])> {
        let [kind] = *self.take().ok()?;
        let count = self.length().ok()?;
        if kind != OBJECT || count > most {
            return None;
        }
        let keys = (0..count).map(|_| match *self.take().ok()? {
            [LATIN1] => self.slice().ok(),
            _ => None,
        });
        let keys = keys.collect::<Option<_>>()?;
        Some((keys, self.bytes))
    }

    pub fn value<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
    ) -> Result<v8::Local<'s, v8::Value>, CodecError> {
        let [kind] = *self.take()?;
        Ok(match kind {
            UNDEFINED => v8::undefined(scope).into(),
            NULL => v8::null(scope).into(),
            FALSE | TRUE => v8::Boolean::new(scope, kind == TRUE).into(),
            INTEGER => v8::Integer::new(scope, i32::from_le_bytes(*self.take()?)).into(),
            NUMBER => v8::Number::new(scope, f64::from_le_bytes(*self.take()?)).into(),
            LATIN1 | UTF16 => self.text(scope, kind, v8::NewStringType::Normal)?.into(),
            BIGINT => self.big_int(scope)?,
            OBJECT => self.object(scope)?,
            ARRAY => self.array(scope)?,
            _ => return Err(CodecError),
        })
    }

    fn big_int<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
    ) -> Result<v8::Local<'s, v8::Value>, CodecError> {
        let [V8, _version, b'Z'] = *self.take()? else { return Err(CodecError) };
        let field = self.varint()?;
        let (magnitude, rest) =
            self.bytes.split_at_checked(field as usize / 2).ok_or(CodecError)?;
        let (words, []) = magnitude.as_chunks::<WORD>() else { return Err(CodecError) };
        self.bytes = rest;
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let integer = v8::BigInt::new_from_words(scope, field % 2 == 1, &words);
        integer.map(Into::into).ok_or(CodecError)
    }

    fn varint(&mut self) -> Result<u32, CodecError> {
        let mut value = 0;
        for shift in (0..u32::BITS).step_by(7) {
            let [byte] = *self.take()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(CodecError)
    }

    fn object<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
    ) -> Result<v8::Local<'s, v8::Value>, CodecError> {
        self.enter()?;
        let names = (0..self.length()?)
            .map(|_| {
                let [kind] = *self.take()?;
                self.text(scope, kind, v8::NewStringType::Internalized)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let object = v8::Object::new(scope);
        for name in names {
            let value = self.value(scope)?;
            object.create_data_property(scope, name.into(), value).ok_or(CodecError)?;
        }
        Ok(object.into())
    }

    fn array<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
    ) -> Result<v8::Local<'s, v8::Value>, CodecError> {
        self.enter()?;
        let elements =
            (0..self.length()?).map(|_| self.value(scope)).collect::<Result<Vec<_>, _>>()?;
        Ok(v8::Array::new_with_elements(scope, &elements).into())
    }

    fn text<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
        kind: u8,
        storage: v8::NewStringType,
    ) -> Result<v8::Local<'s, v8::String>, CodecError> {
        let text = self.slice()?;
        match kind {
            LATIN1 => v8::String::new_from_one_byte(scope, text, storage),
            UTF16 => {
                let (pairs, _) = text.as_chunks();
                let units: Vec<u16> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
                v8::String::new_from_two_byte(scope, &units, storage)
            }
            _ => None,
        }
        .ok_or(CodecError)
    }

    /// Bounds the depth, and with it the stack.
    fn enter(&mut self) -> Result<(), CodecError> {
        self.objects += 1;
        if self.objects > MAX_OBJECTS { Err(CodecError) } else { Ok(()) }
    }

    fn slice(&mut self) -> Result<&'a [u8], CodecError> {
        let length = self.length()? as usize;
        let (slice, rest) = self.bytes.split_at_checked(length).ok_or(CodecError)?;
        self.bytes = rest;
        Ok(slice)
    }

    fn length(&mut self) -> Result<u32, CodecError> {
        Ok(match *self.take()? {
            [LONG] => u32::from_le_bytes(*self.take()?),
            [length] => length.into(),
        })
    }

    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], CodecError> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(CodecError)?;
        self.bytes = rest;
        Ok(taken)
    }
}

struct Writer<'s> {
    bytes: Vec<u8>,
    /// One that is met twice needs its identity kept, which V8's serializer does.
    met: Vec<v8::Local<'s, v8::Object>>,
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
        if self.met.len() == MAX_OBJECTS || self.met.contains(&object) || object.is_proxy() {
            return Ok(false);
        }
        self.met.push(object);
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
        self.head(OBJECT, names.length());
        let mut keys = Vec::with_capacity(names.length() as usize);
        for index in 0..names.length() {
            let name = names.get_index(scope, index).ok_or(CodecError)?;
            let name = name.to_string(scope).ok_or(CodecError)?;
            // `__proto__` is no plain key where JavaScript reads this again.
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
            // A getter may have taken the next ones away.
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
        // Holes and properties are left to V8's serializer. Indices come first: where the last of as
        // many keys as elements is one, all are.
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
        self.head(ARRAY, length);
        for index in 0..length {
            let value = array.get_index(scope, index).ok_or(CodecError)?;
            if !self.value(scope, value)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn text(&mut self, scope: &mut v8::HandleScope, text: v8::Local<v8::String>) -> bool {
        let length = text.length();
        if length > MAX_TEXT {
            return false;
        }
        if text.contains_only_onebyte() {
            self.head(LATIN1, length as u32);
            let start = self.bytes.len();
            self.bytes.resize(start + length, 0);
            text.write_one_byte_v2(scope, 0, &mut self.bytes[start..], v8::WriteFlags::empty());
        } else {
            self.head(UTF16, 2 * length as u32);
            let mut units = vec![0; length];
            text.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
            self.bytes.extend(units.into_iter().flat_map(u16::to_le_bytes));
        }
        true
    }

    fn head(&mut self, kind: u8, length: u32) {
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

pub(super) fn push_number(bytes: &mut Vec<u8>, number: f64) {
    let integer = number as i32;
    // Not -0, which no integer is.
    if f64::from(integer).to_bits() == number.to_bits() {
        bytes.push(INTEGER);
        bytes.extend_from_slice(&integer.to_le_bytes());
    } else {
        bytes.push(NUMBER);
        bytes.extend_from_slice(&number.to_le_bytes());
    }
}

pub(super) fn push_big_int(bytes: &mut Vec<u8>, integer: v8::Local<v8::BigInt>) {
    let mut words = vec![0; integer.word_count()];
    let (is_negative, words) = integer.to_words_array(&mut words);
    bytes.push(BIGINT);
    bytes.extend_from_slice(&BIGINT_HEAD);
    let mut field = 2 * WORD * words.len() + usize::from(is_negative);
    while field >= 0x80 {
        bytes.push(field as u8 | 0x80);
        field >>= 7;
    }
    bytes.push(field as u8);
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// A length of so much or more takes a u32 behind this byte.
const LONG: u8 = 255;
const PROTO: &str = "__proto__";

/// Whether an object has no class of its own inside.
pub(super) fn is_ordinary(value: v8::Local<v8::Value>) -> bool {
    value.is_object()
        && !value.is_array()
        && !value.is_proxy()
        && !value.is_native_error()
        && !value.is_date()
        && !value.is_reg_exp()
        && !value.is_map()
        && !value.is_set()
        && !value.is_array_buffer()
        && !value.is_array_buffer_view()
        && !value.is_promise()
        && !value.is_function()
        && !value.is_string_object()
        && !value.is_number_object()
        && !value.is_boolean_object()
        && !value.is_big_int_object()
        && !value.is_symbol_object()
        && !value.is_weak_map()
        && !value.is_weak_set()
        && !value.is_generator_object()
        && !value.is_module_namespace_object()
        && !value.is_shared_array_buffer()
        && !value.is_arguments_object()
        && !value.is_map_iterator()
        && !value.is_set_iterator()
        && !value.is_wasm_memory_object()
        && !value.is_wasm_module_object()
        && !value.is_external()
}
