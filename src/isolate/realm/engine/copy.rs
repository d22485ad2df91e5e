//! Copies of values and errors of the engine, created in the realm that is the current context. No
//! object of the engine must reach a realm itself.

use deno_core::v8;
use v8::{ValueDeserializerHelper, ValueSerializerHelper};

use crate::isolate::primitives::string;

/// The index of a realm's embedder data that holds the function which creates its errors.
const BUILD_ERROR: i32 = 3;

/// Sets the function that creates the errors of a realm from name and message.
pub fn set_error_builder(context: v8::Local<v8::Context>, build: v8::Local<v8::Function>) {
    context.set_embedder_data(BUILD_ERROR, build.into());
}

/// Copies a value into the current realm; primitive values belong to no realm. `None` where an
/// exception is pending.
pub fn copy<'s>(
    scope: &mut v8::TryCatch<v8::HandleScope<'s>>,
    value: v8::Local<'s, v8::Value>,
) -> Option<v8::Local<'s, v8::Value>> {
    let Ok(object) = v8::Local::<v8::Object>::try_from(value) else { return Some(value) };
    let context = scope.get_current_context();
    if object.get_creation_context(scope) == Some(context) {
        return Some(value);
    }
    let serializer = v8::ValueSerializer::new(scope, Box::new(PlainCopy));
    serializer.write_header();
    serializer.write_value(context, value)?;
    let bytes = serializer.release();
    let deserializer = v8::ValueDeserializer::new(scope, Box::new(PlainCopy), &bytes);
    deserializer.read_header(context)?;
    deserializer.read_value(context)
}

/// Copies an error of the engine into the current realm. `None` where the task is terminated
/// meanwhile.
pub fn copy_error<'s>(
    scope: &mut v8::TryCatch<v8::HandleScope<'s>>,
    error: v8::Local<'s, v8::Value>,
) -> Option<v8::Local<'s, v8::Value>> {
    let Ok(object) = v8::Local::<v8::Object>::try_from(error) else {
        if !error.is_undefined() {
            return Some(error);
        }
        // deno_core throws undefined for an error class without a registered builder.
        let message = string(scope, "the operation failed");
        return Some(v8::Exception::error(scope, message));
    };
    let context = scope.get_current_context();
    if object.get_creation_context(scope) == Some(context) {
        return Some(error);
    }
    // Code of a user cannot have changed this error.
    let text = |scope: &mut v8::TryCatch<v8::HandleScope<'s>>, name| {
        let key = string(scope, name).into();
        let value = object.get(scope, key);
        scope.reset();
        value.filter(|value| value.is_string())
    };
    let name = text(scope, "name").unwrap_or_else(|| string(scope, "Error").into());
    let message = text(scope, "message").unwrap_or_else(|| string(scope, "").into());
    let build = context.get_embedder_data(scope, BUILD_ERROR);
    let build = build.and_then(|build| v8::Local::<v8::Function>::try_from(build).ok());
    let undefined = v8::undefined(scope).into();
    let error = build.and_then(|build| build.call(scope, undefined, &[name, message]));
    if let Some(error) = error.filter(|error| error.is_object()) {
        return Some(error);
    }
    if scope.has_terminated() {
        return None;
    }
    // Near the end of the stack no function of JavaScript can be called.
    scope.reset();
    let message = v8::Local::<v8::String>::try_from(message).unwrap_or_else(|_| string(scope, ""));
    Some(v8::Exception::error(scope, message))
}

/// Serializer and deserializer of plain data and buffers.
struct PlainCopy;

impl v8::ValueSerializerImpl for PlainCopy {
    fn throw_data_clone_error<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        message: v8::Local<'s, v8::String>,
    ) {
        let error = v8::Exception::type_error(scope, message);
        scope.throw_exception(error);
    }
}

impl v8::ValueDeserializerImpl for PlainCopy {}
