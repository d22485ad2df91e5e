//! `SourceText`: the source text of a bootstrap module. V8 reads it in place: no isolate has a copy.

use std::ops::Deref;

use deno_core::v8;

/// ASCII text that stays at its address for the life of the process: a snapshot refers to it.
pub struct SourceText(v8::OneByteConst);

// SAFETY: it is never written to, and points to what never is.
unsafe impl Send for SourceText {}

impl SourceText {
    /// # Panics
    /// When it is not ASCII.
    pub fn new(text: &'static str) -> Self {
        Self(v8::String::create_external_onebyte_const(text.as_bytes()))
    }

    /// Without reading it.
    ///
    /// # Safety
    /// It has to be ASCII.
    pub unsafe fn of_ascii(text: &'static [u8]) -> Self {
        // SAFETY: the caller sees to it.
        Self(unsafe { v8::String::create_external_onebyte_const_unchecked(text) })
    }

    /// Returns the text as a string of the isolate.
    pub fn string<'s>(
        &'static self,
        scope: &mut v8::HandleScope<'s, ()>,
    ) -> Option<v8::Local<'s, v8::String>> {
        v8::String::new_from_onebyte_const(scope, &self.0)
    }

    /// Returns the address by which a snapshot refers to it.
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
