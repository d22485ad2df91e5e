//! The wire format of values, the isolate's side of `lib/values/wire.js`.
//!
//! The first byte is the kind. Small and common values have kinds of their own; everything else is
//! plain data (`tree_writer`, `tree_reader`), a table (`lib/values/table.js`) or V8's serialization
//! format, whose first byte is always `0xFF`. That format drops the name, the `cause` and the own
//! properties of errors; where a value contains errors, a second value follows that restores them
//! (`lib/values/clone.js`).

use deno_core::v8;
use v8::{ValueDeserializerHelper, ValueSerializerHelper};

use crate::isolate::primitives::throw_error;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::state::IsolateState;
use crate::isolate::values::scan::{BYTES, SerializedScan};
use crate::isolate::values::wire::{
    BIGINT, CodecError, FALSE, INTEGER, LATIN1, NULL, NUMBER, TABLE, TREE, TRUE, UNDEFINED, UTF16,
    V8, V8_WITH_ERRORS,
};
use crate::isolate::values::{data_clone, text, tree_reader, tree_writer};

/// Encodes a value.
///
/// # Errors
/// When the value cannot be cloned; an exception that says why is pending then.
pub fn encode<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    value: v8::Local<'s, v8::Value>,
) -> Result<Vec<u8>, CodecError> {
    if let Some(bytes) = encode_small(scope, value) {
        return Ok(bytes);
    }
    if let Ok(object) = v8::Local::<v8::Object>::try_from(value) {
        let object_prototype = v8::Local::new(scope, &functions.object_prototype);
        if let Some(bytes) = tree_writer::encode(scope, object_prototype, object)? {
            return Ok(bytes);
        }
    }
    if functions.is_warm.get()
        && value.is_object()
        && let Some(bytes) = functions.write_table(scope, value)?
    {
        return Ok(bytes);
    }
    encode_v8(scope, functions, value, &[]).map(|(bytes, _)| bytes)
}

/// Encodes a value without the contents of `buffers`. Also returns the indices of those of the
/// buffers that the value refers to.
///
/// # Errors
/// As for [`encode`].
pub fn encode_moving<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    value: v8::Local<'s, v8::Value>,
    buffers: &[v8::Local<'s, v8::ArrayBuffer>],
) -> Result<(Vec<u8>, Vec<usize>), CodecError> {
    match encode_small(scope, value) {
        Some(bytes) => Ok((bytes, Vec::new())),
        None => encode_v8(scope, functions, value, buffers),
    }
}

fn encode_v8<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    value: v8::Local<'s, v8::Value>,
    buffers: &[v8::Local<'s, v8::ArrayBuffer>],
) -> Result<(Vec<u8>, Vec<usize>), CodecError> {
    let (bytes, written) = serialize(scope, &[value], buffers);
    written.ok_or(CodecError)?;
    let scan = check_serialized(scope, &bytes)?;
    if !scan.has_errors {
        return Ok((bytes, scan.moved));
    }
    let found = functions.collect_errors(scope, value).ok_or(CodecError)?;
    if found.length() == 0 {
        return Ok((bytes, scan.moved));
    }
    // Serialized again, with the second value in the same session, so that it can refer to the
    // errors of the first.
    functions.detach_causes(scope, found.into()).ok_or(CodecError)?;
    let (mut bytes, written) = serialize(scope, &[value, found.into()], buffers);
    functions.restore_causes(scope).and(written).ok_or(CodecError)?;
    let scan = check_serialized(scope, &bytes)?;
    bytes.insert(0, V8_WITH_ERRORS);
    Ok((bytes, scan.moved))
}

/// Serializes several values in one session. The second part is `None` where an exception is
/// pending.
fn serialize<'s>(
    scope: &mut v8::HandleScope<'s>,
    values: &[v8::Local<'s, v8::Value>],
    buffers: &[v8::Local<'s, v8::ArrayBuffer>],
) -> (Vec<u8>, Option<()>) {
    let context = scope.get_current_context();
    let serializer = v8::ValueSerializer::new(scope, Box::new(WireSerializer));
    serializer.write_header();
    for (number, buffer) in (0..).zip(buffers) {
        serializer.transfer_array_buffer(number, *buffer);
    }
    let written = values.iter().try_for_each(|value| {
        serializer.write_value(context, *value).filter(|written| *written).map(drop)
    });
    (serializer.release(), written)
}

/// Decodes a value into the current realm.
///
/// # Errors
/// When the bytes do not represent a value, or there is no memory for it.
pub fn decode<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    bytes: &[u8],
) -> Result<v8::Local<'s, v8::Value>, CodecError> {
    decode_moved(scope, functions, bytes, &[])
}

/// Decodes a value that refers to `buffers` by their indices.
///
/// # Errors
/// As for [`decode`].
pub fn decode_moved<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    bytes: &[u8],
    buffers: &[v8::Local<'s, v8::ArrayBuffer>],
) -> Result<v8::Local<'s, v8::Value>, CodecError> {
    let (&kind, rest) = bytes.split_first().ok_or(CodecError)?;
    match kind {
        UNDEFINED => Ok(v8::undefined(scope).into()),
        NULL => Ok(v8::null(scope).into()),
        FALSE | TRUE => Ok(v8::Boolean::new(scope, kind == TRUE).into()),
        INTEGER => {
            let number = i32::from_le_bytes(rest.try_into().map_err(|_| CodecError)?);
            Ok(v8::Integer::new(scope, number).into())
        }
        NUMBER => {
            let number = f64::from_le_bytes(rest.try_into().map_err(|_| CodecError)?);
            Ok(v8::Number::new(scope, number).into())
        }
        LATIN1 => text::from_latin1(scope, rest, v8::NewStringType::Normal)
            .map(Into::into)
            .ok_or(CodecError),
        UTF16 => text::from_utf16(scope, rest, v8::NewStringType::Normal)
            .map(Into::into)
            .ok_or(CodecError),
        TREE => tree_reader::decode(scope, rest),
        BIGINT => tree_reader::decode(scope, bytes),
        TABLE => functions.read_table(scope, bytes).ok_or(CodecError),
        V8 => decode_v8(scope, functions, bytes, buffers, false),
        V8_WITH_ERRORS => decode_v8(scope, functions, rest, buffers, true),
        _ => Err(CodecError),
    }
}

fn decode_v8<'s>(
    scope: &mut v8::HandleScope<'s>,
    functions: &RealmFunctions,
    bytes: &[u8],
    buffers: &[v8::Local<'s, v8::ArrayBuffer>],
    with_errors: bool,
) -> Result<v8::Local<'s, v8::Value>, CodecError> {
    if SerializedScan::of(bytes)?.is_mostly_absent() {
        return Err(CodecError);
    }
    let context = scope.get_current_context();
    let deserializer =
        v8::ValueDeserializer::new(scope, Box::new(ViewDeserializer { functions }), bytes);
    if deserializer.read_header(context) != Some(true) {
        return Err(CodecError);
    }
    for (number, buffer) in (0..).zip(buffers) {
        deserializer.transfer_array_buffer(number, *buffer);
    }
    let value = deserializer.read_value(context).ok_or(CodecError)?;
    if with_errors {
        let found = deserializer.read_value(context).ok_or(CodecError)?;
        functions.restore_errors(scope, found).ok_or(CodecError)?;
    }
    Ok(value)
}

/// Encodes a primitive value; `None` for a symbol or an object.
fn encode_small(scope: &mut v8::HandleScope, value: v8::Local<v8::Value>) -> Option<Vec<u8>> {
    if value.is_number() {
        let mut bytes = Vec::with_capacity(9);
        tree_writer::push_number(&mut bytes, value.number_value(scope)?);
        return Some(bytes);
    }
    if let Ok(string) = v8::Local::<v8::String>::try_from(value) {
        return Some(encode_string(scope, string));
    }
    let kind = if value.is_undefined() {
        UNDEFINED
    } else if value.is_null() {
        NULL
    } else if value.is_false() {
        FALSE
    } else if value.is_true() {
        TRUE
    } else {
        let integer = v8::Local::<v8::BigInt>::try_from(value).ok()?;
        let mut bytes = Vec::new();
        tree_writer::push_big_int(&mut bytes, integer);
        return Some(bytes);
    };
    Some(vec![kind])
}

fn encode_string(scope: &mut v8::HandleScope, string: v8::Local<v8::String>) -> Vec<u8> {
    if text::is_latin1(string) {
        let mut bytes = Vec::with_capacity(string.length() + 1);
        bytes.push(LATIN1);
        text::push_latin1(&mut bytes, scope, string);
        bytes
    } else {
        let mut bytes = Vec::with_capacity(string.length() * 2 + 1);
        bytes.push(UTF16);
        text::push_utf16(&mut bytes, scope, string);
        bytes
    }
}

/// Scans bytes that V8's serializer wrote. Throws where the reader could not decode them.
fn check_serialized(
    scope: &mut v8::HandleScope,
    bytes: &[u8],
) -> Result<SerializedScan, CodecError> {
    let Ok(scan) = SerializedScan::of(bytes) else {
        throw_error(scope, "V8 wrote what cannot be read.");
        return Err(CodecError);
    };
    if scan.is_mostly_absent() {
        throw_error(scope, &format!("sparse arrays with a length of {} in all.", scan.absent));
        return Err(CodecError);
    }
    Ok(scan)
}

/// The serializer of the wire format. It refuses what V8 leaves to the embedder: host objects,
/// shared memory and WebAssembly modules.
struct WireSerializer;

impl v8::ValueSerializerImpl for WireSerializer {
    fn throw_data_clone_error<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        message: v8::Local<'s, v8::String>,
    ) {
        let error = v8::Exception::error(scope, message);
        scope.throw_exception(error);
    }

    fn write_host_object<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        object: v8::Local<'s, v8::Object>,
        _: &dyn v8::ValueSerializerHelper,
    ) -> Option<bool> {
        let name = object.get_constructor_name().to_rust_string_lossy(scope);
        data_clone::refuse(self, scope, &format!("#<{name}> could not be cloned."))
    }

    fn get_shared_array_buffer_id<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        _: v8::Local<'s, v8::SharedArrayBuffer>,
    ) -> Option<u32> {
        data_clone::refuse(self, scope, data_clone::SHARED_ARRAY_BUFFER)
    }

    fn get_wasm_module_transfer_id(
        &self,
        scope: &mut v8::HandleScope<'_>,
        _: v8::Local<v8::WasmModuleObject>,
    ) -> Option<u32> {
        data_clone::refuse(self, scope, data_clone::WASM_MODULE)
    }
}

/// The deserializer of the wire format. It creates the views that Node's side wrote as host
/// objects, as `lib/values/serializer.js` describes.
struct ViewDeserializer<'a> {
    functions: &'a RealmFunctions,
}

impl v8::ValueDeserializerImpl for ViewDeserializer<'_> {
    fn read_host_object<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        source: &dyn v8::ValueDeserializerHelper,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let number = || {
            let mut number = 0;
            source.read_uint32(&mut number).then_some(number)
        };
        let double = || {
            let mut double = 0.0;
            source.read_double(&mut double).then_some(double)
        };
        let (kind, encoding) = (number()?, number()?);
        // V8 forbids JavaScript while it deserializes. `view_of` runs code of the bootstrap only,
        // and none of a user.
        let scope = &mut v8::AllowJavascriptExecutionScope::new(scope);
        if encoding == BYTES {
            let length = number()?;
            let bytes = source.read_raw_bytes(length as usize)?.to_vec();
            let state = IsolateState::of(scope)?;
            let store = state.buffers.store(scope, bytes)?;
            let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
            self.functions.view_of(scope, kind, buffer.into(), 0.0, length.into())
        } else {
            let (offset, length) = (double()?, double()?);
            let context = scope.get_current_context();
            let buffer = source.read_value(context)?;
            // From any other value a typed array would be created anew, as long as a number says.
            if !buffer.is_array_buffer() {
                return None;
            }
            self.functions.view_of(scope, kind, buffer, offset, length)
        }
    }
}
