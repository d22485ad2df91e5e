//! What the serializers of an isolate refuse alike. Each throws it as its own kind of error.

use deno_core::v8;

use crate::isolate::primitives::string;

pub const SHARED_ARRAY_BUFFER: &str = "#<SharedArrayBuffer> could not be cloned.";
pub const WASM_MODULE: &str = "#<WebAssembly.Module> could not be cloned.";

/// Throws a `DataCloneError` as the serializer does. Always returns `None`, which tells V8 that an exception is
/// pending.
pub fn refuse<T>(
    serializer: &impl v8::ValueSerializerImpl,
    scope: &mut v8::HandleScope,
    message: &str,
) -> Option<T> {
    let message = string(scope, message);
    serializer.throw_data_clone_error(scope, message);
    None
}
