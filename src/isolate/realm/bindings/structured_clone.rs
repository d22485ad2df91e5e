//! `structuredClone` and the messages of ports: V8's serialization, with the interface of
//! deno_core's ops.

#![allow(clippy::needless_pass_by_value, reason = "V8 hands arguments over by value")]

use std::collections::HashSet;

use deno_core::v8;
use v8::{ValueDeserializerHelper, ValueSerializerHelper};

use crate::isolate::primitives::{string, throw_type_error};
use crate::isolate::realm::bindings::bytes::{bytes_in, bytes_of};
use crate::isolate::realm::data::RealmData;
use crate::isolate::values::data_clone;

type Args<'s> = v8::FunctionCallbackArguments<'s>;

/// Serializes a value. Arguments as of deno_core: `(value, hostObjects, transferredArrayBuffers,
/// onError)`. Objects in the first list are written as their index in it. The buffers in the second
/// list are detached, and replaced by numbers in the list.
pub fn serialize<'s>(scope: &mut v8::HandleScope<'s>, args: Args<'s>, mut result: v8::ReturnValue) {
    let context = scope.get_current_context();
    let list = |index| v8::Local::<v8::Array>::try_from(args.get(index)).ok();
    let delegate = CloneDelegate::new(scope, list(1), args.get(3).try_into().ok());
    let Some(buffers) = buffers_in(scope, list(2), &delegate) else { return };
    let serializer = v8::ValueSerializer::new(scope, Box::new(delegate));
    serializer.write_header();
    let Some(realm) = RealmData::of(scope) else { return };
    let first = realm.transit.reserve(buffers.len());
    for (number, buffer) in (first..).zip(&buffers) {
        serializer.transfer_array_buffer(number, *buffer);
    }
    if serializer.write_value(context, args.get(0)) != Some(true) {
        return;
    }
    let bytes = serializer.release();
    drop(serializer);
    let Some(bytes) = bytes_of(scope, bytes) else { return };
    // Detached last: where the value cannot be cloned, the buffers stay as they are.
    for (index, buffer) in (0..).zip(buffers) {
        realm.transit.put(first + index, buffer.get_backing_store());
        buffer.detach(None);
        let number = v8::Integer::new_from_unsigned(scope, first + index).into();
        list(2).and_then(|list| list.set_index(scope, index, number));
    }
    result.set(bytes.into());
}

/// Returns the buffers to transfer. `None` where one cannot be transferred; the error is pending
/// then.
fn buffers_in<'s>(
    scope: &mut v8::HandleScope<'s>,
    list: Option<v8::Local<'s, v8::Array>>,
    delegate: &CloneDelegate,
) -> Option<Vec<v8::Local<'s, v8::ArrayBuffer>>> {
    let mut buffers: Vec<v8::Local<v8::ArrayBuffer>> = Vec::new();
    let mut known = HashSet::new();
    for index in 0..list.map_or(0, |list| list.length()) {
        let buffer = list?.get_index(scope, index)?.try_into().ok();
        let buffer = buffer.filter(|buffer: &v8::Local<v8::ArrayBuffer>| {
            buffer.is_detachable() && !buffer.was_detached() && known.insert(*buffer)
        });
        let Some(buffer) = buffer else {
            let message = "An ArrayBuffer is detached and could not be cloned.";
            return data_clone::refuse(delegate, scope, message);
        };
        buffers.push(buffer);
    }
    Some(buffers)
}

/// Deserializes a value. Arguments: `(bytes, hostObjects, transferredArrayBuffers)`. The numbers in
/// the last list are replaced by the buffers.
pub fn deserialize<'s>(
    scope: &mut v8::HandleScope<'s>,
    args: Args<'s>,
    mut result: v8::ReturnValue,
) {
    let context = scope.get_current_context();
    let Some(bytes) = bytes_in(args.get(0)) else {
        throw_type_error(scope, "expected a view of bytes");
        return;
    };
    let list = |index| v8::Local::<v8::Array>::try_from(args.get(index)).ok();
    let delegate = CloneDelegate::new(scope, list(1), None);
    let deserializer = v8::ValueDeserializer::new(scope, Box::new(delegate), &bytes);
    if deserializer.read_header(context) != Some(true) {
        throw_type_error(scope, "could not deserialize value");
        return;
    }
    if let Some(transferred) = list(2) {
        let Some(realm) = RealmData::of(scope) else { return };
        for index in 0..transferred.length() {
            let number = transferred.get_index(scope, index);
            let number = number.and_then(|number| number.uint32_value(scope)).unwrap_or(0);
            let Some(store) = realm.transit.take(number) else {
                throw_type_error(scope, "a transferred ArrayBuffer is gone");
                return;
            };
            let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
            deserializer.transfer_array_buffer(number, buffer);
            transferred.set_index(scope, index, buffer.into());
        }
    }
    if let Some(value) = deserializer.read_value(context) {
        result.set(value);
    } else {
        let scope = &mut v8::TryCatch::new(scope);
        if !scope.has_caught() {
            throw_type_error(scope, "could not deserialize value");
        }
        scope.rethrow();
    }
}

/// Serializer and deserializer of structured clone.
struct CloneDelegate<'s> {
    host_objects: Option<v8::Local<'s, v8::Array>>,
    on_error: Option<v8::Local<'s, v8::Function>>,
    /// The symbol that marks host objects, as in `js/core.js`.
    brand: v8::Local<'s, v8::Symbol>,
}

impl<'s> CloneDelegate<'s> {
    fn new(
        scope: &mut v8::HandleScope<'s>,
        host_objects: Option<v8::Local<'s, v8::Array>>,
        on_error: Option<v8::Local<'s, v8::Function>>,
    ) -> Self {
        let brand = string(scope, "Deno.core.hostObject");
        Self { host_objects, on_error, brand: v8::Symbol::for_key(scope, brand) }
    }
}

impl v8::ValueSerializerImpl for CloneDelegate<'_> {
    fn throw_data_clone_error<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        message: v8::Local<'s, v8::String>,
    ) {
        if let Some(on_error) = self.on_error {
            let scope = &mut v8::TryCatch::new(scope);
            let undefined = v8::undefined(scope).into();
            on_error.call(scope, undefined, &[message.into()]);
            if scope.has_caught() {
                scope.rethrow();
                return;
            }
        }
        let error = v8::Exception::type_error(scope, message);
        scope.throw_exception(error);
    }

    fn has_custom_host_object(&self, _: &mut v8::Isolate) -> bool {
        true
    }

    fn is_host_object<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        object: v8::Local<'s, v8::Object>,
    ) -> Option<bool> {
        object.has_own_property(scope, self.brand.into())
    }

    fn write_host_object<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        object: v8::Local<'s, v8::Object>,
        target: &dyn v8::ValueSerializerHelper,
    ) -> Option<bool> {
        let list = self.host_objects;
        let index = list.and_then(|list| {
            (0..list.length())
                .find(|index| list.get_index(scope, *index).is_some_and(|other| other == object))
        });
        if let Some(index) = index {
            target.write_uint32(index);
            return Some(true);
        }
        data_clone::refuse(self, scope, "Unsupported object type")
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

impl v8::ValueDeserializerImpl for CloneDelegate<'_> {
    fn read_host_object<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        source: &dyn v8::ValueDeserializerHelper,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let mut index = 0;
        let found = source.read_uint32(&mut index).then_some(self.host_objects).flatten();
        let object = found.and_then(|list| list.get_index(scope, index));
        if let Some(object) = object.and_then(|object| object.try_into().ok()) {
            return Some(object);
        }
        throw_type_error(scope, "could not deserialize a host object");
        None
    }
}
