//! Whether an object is plain data, as far as V8 knows.

use deno_core::v8;

/// Whether a value is an object without internal slots, unlike an Error, a Map or a Date.
pub fn is_ordinary(value: v8::Local<v8::Value>) -> bool {
    value.is_object()
        && !value.is_array()
        && !value.is_proxy()
        && !value.is_native_error()
        && !value.is_date()
        && !value.is_reg_exp()
        && !value.is_map()
        && !value.is_set()
        && !value.is_array_buffer()
        && !value.is_array_buffer_view()
        && !value.is_promise()
        && !value.is_function()
        && !value.is_string_object()
        && !value.is_number_object()
        && !value.is_boolean_object()
        && !value.is_big_int_object()
        && !value.is_symbol_object()
        && !value.is_weak_map()
        && !value.is_weak_set()
        && !value.is_generator_object()
        && !value.is_module_namespace_object()
        && !value.is_shared_array_buffer()
        && !value.is_arguments_object()
        && !value.is_map_iterator()
        && !value.is_set_iterator()
        && !value.is_wasm_memory_object()
        && !value.is_wasm_module_object()
        && !value.is_external()
}
