//! `SourceText`: the source text of a bootstrap module, as an external string: V8 reads it in
//! place, and isolates have no copies.

use std::ops::Deref;

use deno_core::v8;

/// ASCII text at a fixed address for the life of the process, to which a snapshot refers.
pub struct SourceText(v8::OneByteConst);

// SAFETY: the value and the text that it points to are immutable.
unsafe impl Send for SourceText {}

impl SourceText {
    /// Creates the text.
    ///
    /// # Panics
    /// When it is not ASCII.
    pub fn new(text: &'static str) -> Self {
        Self(v8::String::create_external_onebyte_const(text.as_bytes()))
    }

    /// Creates the text without reading it.
    ///
    /// # Safety
    /// It must be ASCII.
    pub unsafe fn of_ascii(text: &'static [u8]) -> Self {
        // SAFETY: the caller guarantees ASCII.
        Self(unsafe { v8::String::create_external_onebyte_const_unchecked(text) })
    }

    /// Returns the text as a string of this isolate.
    pub fn string<'s>(
        &'static self,
        scope: &mut v8::HandleScope<'s, ()>,
    ) -> Option<v8::Local<'s, v8::String>> {
        v8::String::new_from_onebyte_const(scope, &self.0)
    }

    /// Returns the external reference for a snapshot.
    pub fn external_reference(&'static self) -> v8::ExternalReference {
        v8::ExternalReference { pointer: (&raw const self.0).cast_mut().cast() }
    }
}

impl Deref for SourceText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
