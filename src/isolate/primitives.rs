//! Strings, numbers and errors of JavaScript, created from Rust in the current context.

use deno_core::v8;

/// Creates a string. Text beyond V8's limit becomes the empty string.
pub fn string<'s>(scope: &mut v8::HandleScope<'s>, text: &str) -> v8::Local<'s, v8::String> {
    v8::String::new(scope, text).unwrap_or_else(|| v8::String::empty(scope))
}

/// Creates the number by which JavaScript knows a ticket.
pub fn number<'s>(scope: &mut v8::HandleScope<'s>, ticket: u64) -> v8::Local<'s, v8::Value> {
    v8::Number::new(scope, ticket as f64).into()
}

/// Throws an `Error`.
pub fn throw_error(scope: &mut v8::HandleScope, message: &str) {
    let message = string(scope, message);
    let error = v8::Exception::error(scope, message);
    scope.throw_exception(error);
}

/// Throws a `RangeError`.
pub fn throw_range_error(scope: &mut v8::HandleScope, message: &str) {
    let message = string(scope, message);
    let error = v8::Exception::range_error(scope, message);
    scope.throw_exception(error);
}

/// Throws a `TypeError`.
pub fn throw_type_error(scope: &mut v8::HandleScope, message: &str) {
    let message = string(scope, message);
    let error = v8::Exception::type_error(scope, message);
    scope.throw_exception(error);
}
