//! Properties of values that only V8 knows, mostly for the console.

#![allow(clippy::needless_pass_by_value, reason = "V8 hands arguments over by value")]

use deno_core::v8;

type Args<'s> = v8::FunctionCallbackArguments<'s>;

/// Whether a value is an ArrayBuffer or a SharedArrayBuffer.
pub fn is_any_array_buffer(_: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let value = args.get(0);
    result.set_bool(value.is_array_buffer() || value.is_shared_array_buffer());
}

/// Whether a value is a wrapper object of a primitive value.
pub fn is_boxed_primitive(_: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let value = args.get(0);
    result.set_bool(
        value.is_number_object()
            || value.is_string_object()
            || value.is_boolean_object()
            || value.is_big_int_object()
            || value.is_symbol_object(),
    );
}

/// Returns `[state, value or reason]` of a promise: 0 pending, 1 fulfilled, 2 rejected.
pub fn promise_details(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Ok(promise) = v8::Local::<v8::Promise>::try_from(args.get(0)) else { return };
    let (state, value) = match promise.state() {
        v8::PromiseState::Pending => (0, v8::null(scope).into()),
        v8::PromiseState::Fulfilled => (1, promise.result(scope)),
        v8::PromiseState::Rejected => (2, promise.result(scope)),
    };
    let state = v8::Integer::new(scope, state).into();
    result.set(v8::Array::new_with_elements(scope, &[state, value]).into());
}

/// Returns `[target, handler]` of a proxy, or null.
pub fn proxy_details(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Ok(proxy) = v8::Local::<v8::Proxy>::try_from(args.get(0)) else {
        result.set_null();
        return;
    };
    let parts = [proxy.get_target(scope), proxy.get_handler(scope)];
    result.set(v8::Array::new_with_elements(scope, &parts).into());
}

/// Returns the entries of a collection or iterator without running code of a user.
pub fn preview_entries(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Ok(object) = v8::Local::<v8::Object>::try_from(args.get(0)) else { return };
    let (entries, is_key_value) = object.preview_entries(scope);
    let Some(entries) = entries else { return };
    if args.get(1).is_true() {
        let is_key_value = v8::Boolean::new(scope, is_key_value).into();
        result.set(v8::Array::new_with_elements(scope, &[entries.into(), is_key_value]).into());
    } else {
        result.set(entries.into());
    }
}

/// Returns V8's name of the constructor of an object.
pub fn constructor_name(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let _ = scope;
    if let Ok(object) = v8::Local::<v8::Object>::try_from(args.get(0)) {
        result.set(object.get_constructor_name().into());
    }
}

/// Returns the own property names except indices. `filter` has the bits of V8's `PropertyFilter`.
pub fn non_index_property_names(
    scope: &mut v8::HandleScope,
    args: Args,
    mut result: v8::ReturnValue,
) {
    let Ok(object) = v8::Local::<v8::Object>::try_from(args.get(0)) else { return };
    let filter = args.get(1).uint32_value(scope).unwrap_or(0);
    let bits = [
        v8::PropertyFilter::ONLY_WRITABLE,
        v8::PropertyFilter::ONLY_ENUMERABLE,
        v8::PropertyFilter::ONLY_CONFIGURABLE,
        v8::PropertyFilter::SKIP_STRINGS,
        v8::PropertyFilter::SKIP_SYMBOLS,
    ];
    let wanted = bits.into_iter().enumerate().filter(|(bit, _)| filter & (1 << bit) != 0);
    let property_filter =
        wanted.fold(v8::PropertyFilter::ALL_PROPERTIES, |all, (_, filter)| all | filter);
    let names = object.get_property_names(
        scope,
        v8::GetPropertyNamesArgs {
            mode: v8::KeyCollectionMode::OwnOnly,
            property_filter,
            index_filter: v8::IndexFilter::SkipIndices,
            ..Default::default()
        },
    );
    if let Some(names) = names {
        result.set(names.into());
    }
}
