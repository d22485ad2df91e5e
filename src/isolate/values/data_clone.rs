//! The refusals that the serializers of an isolate share. Each serializer throws an error of its
//! own class.

use deno_core::v8;

use crate::isolate::primitives::string;

/// The message for a SharedArrayBuffer.
pub const SHARED_ARRAY_BUFFER: &str = "#<SharedArrayBuffer> could not be cloned.";
/// The message for a WebAssembly module.
pub const WASM_MODULE: &str = "#<WebAssembly.Module> could not be cloned.";

/// Throws the error of a serializer with this message. Returns `None`, which tells V8 that an
/// exception is pending.
pub fn refuse<T>(
    serializer: &impl v8::ValueSerializerImpl,
    scope: &mut v8::HandleScope,
    message: &str,
) -> Option<T> {
    let message = string(scope, message);
    serializer.throw_data_clone_error(scope, message);
    None
}
