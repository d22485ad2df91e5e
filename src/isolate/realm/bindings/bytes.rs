//! Conversions between bytes and views, within the memory limit of the isolate.

use deno_core::v8;

use crate::isolate::primitives::throw_range_error;
use crate::isolate::state::IsolateState;

/// Creates a `Uint8Array` of bytes, which count as memory of the isolate. `None` where they exceed
/// the limit; the error is pending then.
pub fn bytes_of<'s>(
    scope: &mut v8::HandleScope<'s>,
    bytes: Vec<u8>,
) -> Option<v8::Local<'s, v8::Uint8Array>> {
    let length = bytes.len();
    let state = IsolateState::of(scope)?;
    let Some(store) = state.buffers.store(scope, bytes) else {
        throw_range_error(scope, "Array buffer allocation failed");
        return None;
    };
    let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
    v8::Uint8Array::new(scope, buffer, 0, length)
}

/// Copies the bytes of a view; `None` where the value is not a view.
pub fn bytes_in(value: v8::Local<v8::Value>) -> Option<Vec<u8>> {
    let view = v8::Local::<v8::ArrayBufferView>::try_from(value).ok()?;
    let mut bytes = vec![0; view.byte_length()];
    view.copy_contents(&mut bytes);
    Some(bytes)
}
