//! The reader of trees, the isolate's side of `lib/values/tree.js`, which describes the format.

use deno_core::v8;

use crate::isolate::values::text;
use crate::isolate::values::varint;
use crate::isolate::values::wire::{
    ARRAY, BIGINT, CodecError, FALSE, INTEGER, LATIN1, LONG, MAX_OBJECTS, NULL, NUMBER, OBJECT,
    TRUE, UNDEFINED, UTF16, V8,
};

const WORD: usize = size_of::<u64>();

/// Decodes the bytes after [`TREE`](crate::isolate::values::wire::TREE).
///
/// # Errors
/// When they do not represent a value, or there is no memory for it.
pub fn decode<'s>(
    scope: &mut v8::HandleScope<'s>,
    bytes: &[u8],
) -> Result<v8::Local<'s, v8::Value>, CodecError> {
    let mut reader = Reader::new(bytes);
    let value = reader.value(scope)?;
    reader.end()?;
    Ok(value)
}

/// Reads values from bytes, one after another.
pub struct Reader<'a> {
    bytes: &'a [u8],
    objects: usize,
}

impl<'a> Reader<'a> {
    /// Creates a reader at the first byte.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, objects: 0 }
    }

    /// Checks that all bytes were read.
    ///
    /// # Errors
    /// When bytes are left.
    pub fn end(&self) -> Result<(), CodecError> {
        if self.bytes.is_empty() { Ok(()) } else { Err(CodecError) }
    }

    /// Returns the keys of an object, and the bytes of its values. `None` where a key is not
    /// Latin-1, or there are more than `max` keys.
    pub fn keys(mut self, max: u32) -> Option<(Vec<&'a [u8]>, &'a [u8])> {
        let [kind] = *self.take().ok()?;
        let count = self.length().ok()?;
        if kind != OBJECT || count > max {
            return None;
        }
        let keys = (0..count).map(|_| match *self.take().ok()? {
            [LATIN1] => self.slice().ok(),
            _ => None,
        });
        let keys = keys.collect::<Option<_>>()?;
        Some((keys, self.bytes))
    }

    /// Reads one value.
    ///
    /// # Errors
    /// When the bytes do not represent a value, or there is no memory for it.
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
        let field = varint::read(&mut self.bytes)?;
        let length = usize::try_from(field / 2).map_err(|_| CodecError)?;
        let (magnitude, rest) = self.bytes.split_at_checked(length).ok_or(CodecError)?;
        let (words, []) = magnitude.as_chunks::<WORD>() else { return Err(CodecError) };
        self.bytes = rest;
        let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let integer = v8::BigInt::new_from_words(scope, field % 2 == 1, &words);
        integer.map(Into::into).ok_or(CodecError)
    }

    fn object<'s>(
        &mut self,
        scope: &mut v8::HandleScope<'s>,
    ) -> Result<v8::Local<'s, v8::Value>, CodecError> {
        self.count_object()?;
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
        self.count_object()?;
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
        let units = self.slice()?;
        match kind {
            LATIN1 => text::from_latin1(scope, units, storage),
            UTF16 => text::from_utf16(scope, units, storage),
            _ => None,
        }
        .ok_or(CodecError)
    }

    /// Counts an object or array. The limit bounds the depth, and with it the stack.
    fn count_object(&mut self) -> Result<(), CodecError> {
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
