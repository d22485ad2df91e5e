//! The list of the bindings by name, as the bootstrap modules import them.

use deno_core::v8;
use v8::MapFnTo;
use v8::fast_api::{CFunction, CFunctionInfo, Int64Representation, Type};

use crate::isolate::realm::bindings::{inspect, structured_clone, tasks, text, wire};
use crate::isolate::values::ordinary;

/// Returns the fast API functions that optimized code calls instead of a binding, by its name. They
/// get no scope and must not allocate.
pub fn fast_functions() -> [(&'static str, CFunction); 2] {
    /// Receiver and value in, boolean out.
    const QUESTION: &CFunctionInfo = &CFunctionInfo::new(
        Type::Bool.as_info(),
        &[Type::V8Value.as_info(), Type::V8Value.as_info()],
        Int64Representation::Number,
    );
    const IS_ORDINARY: CFunction = CFunction::new(is_ordinary_fast as _, QUESTION);
    const IS_PROXY: CFunction = CFunction::new(is_proxy_fast as _, QUESTION);
    [("op_isolane_is_ordinary", IS_ORDINARY), ("isProxy", IS_PROXY)]
}

extern "C" fn is_ordinary_fast(_: v8::Local<v8::Value>, value: v8::Local<v8::Value>) -> bool {
    ordinary::is_ordinary(value)
}

extern "C" fn is_proxy_fast(_: v8::Local<v8::Value>, value: v8::Local<v8::Value>) -> bool {
    value.is_proxy()
}

/// Returns the bindings by name.
pub fn bindings() -> Vec<(&'static str, v8::FunctionCallback)> {
    /// A binding for each predicate of `v8::Value`.
    macro_rules! kinds {
        ($($name:literal $ask:ident,)*) => {
            vec![$((
                $name,
                (|_: &mut v8::HandleScope,
                  args: v8::FunctionCallbackArguments,
                  mut result: v8::ReturnValue| {
                    result.set_bool(args.get(0).$ask());
                })
                .map_fn_to(),
            )),*]
        };
    }
    let mut all: Vec<(&'static str, v8::FunctionCallback)> = kinds![
        "isArgumentsObject" is_arguments_object,
        "isArrayBuffer" is_array_buffer,
        "isArrayBufferView" is_array_buffer_view,
        "isAsyncFunction" is_async_function,
        "isBigIntObject" is_big_int_object,
        "isBooleanObject" is_boolean_object,
        "isDataView" is_data_view,
        "isDate" is_date,
        "isGeneratorFunction" is_generator_function,
        "isGeneratorObject" is_generator_object,
        "isMap" is_map,
        "isMapIterator" is_map_iterator,
        "isModuleNamespaceObject" is_module_namespace_object,
        "isNativeError" is_native_error,
        "isNumberObject" is_number_object,
        "isPromise" is_promise,
        "isProxy" is_proxy,
        "isRegExp" is_reg_exp,
        "isSet" is_set,
        "isSetIterator" is_set_iterator,
        "isSharedArrayBuffer" is_shared_array_buffer,
        "isStringObject" is_string_object,
        "isSymbolObject" is_symbol_object,
        "isTypedArray" is_typed_array,
        "isWeakMap" is_weak_map,
        "isWeakSet" is_weak_set,
    ];
    let others: [(&'static str, v8::FunctionCallback); 29] = [
        ("isAnyArrayBuffer", inspect::is_any_array_buffer.map_fn_to()),
        ("isBoxedPrimitive", inspect::is_boxed_primitive.map_fn_to()),
        ("encode", text::encode.map_fn_to()),
        ("decode", text::decode.map_fn_to()),
        ("serialize", structured_clone::serialize.map_fn_to()),
        ("deserialize", structured_clone::deserialize.map_fn_to()),
        ("getPromiseDetails", inspect::promise_details.map_fn_to()),
        ("getProxyDetails", inspect::proxy_details.map_fn_to()),
        ("getAsyncContext", tasks::async_context.map_fn_to()),
        ("setAsyncContext", tasks::set_async_context.map_fn_to()),
        ("enqueueMicrotask", tasks::enqueue_microtask.map_fn_to()),
        ("op_preview_entries", inspect::preview_entries.map_fn_to()),
        ("op_get_constructor_name", inspect::constructor_name.map_fn_to()),
        ("op_get_non_index_property_names", inspect::non_index_property_names.map_fn_to()),
        ("op_isolane_encode", wire::encode_value.map_fn_to()),
        ("op_isolane_decode", wire::decode_value.map_fn_to()),
        ("op_isolane_is_over", tasks::is_over.map_fn_to()),
        ("op_isolane_count_operation", tasks::count_operation.map_fn_to()),
        ("op_isolane_settled", tasks::settled.map_fn_to()),
        ("op_isolane_clock", tasks::clock.map_fn_to()),
        ("op_isolane_run_microtasks", tasks::run_microtasks.map_fn_to()),
        ("op_isolane_check_stack", tasks::check_stack.map_fn_to()),
        ("op_isolane_next_turn", tasks::call_next_turn.map_fn_to()),
        ("op_isolane_is_ordinary", wire::is_ordinary.map_fn_to()),
        ("op_isolane_is_wide", text::is_wide.map_fn_to()),
        ("op_isolane_write_text", text::write_text.map_fn_to()),
        ("op_isolane_read_text", text::read_text.map_fn_to()),
        ("op_isolane_undefined_array", text::undefined_array.map_fn_to()),
        ("op_isolane_transfer", tasks::transfer.map_fn_to()),
    ];
    all.extend(others);
    all
}
