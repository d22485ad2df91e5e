//! What the modules of a realm ask of V8 itself: kinds of values, serialization, who runs. Called in the
//! realm, by its trusted code; what they make is of the realm.

#![allow(clippy::needless_pass_by_value, reason = "V8 hands arguments over by value")]

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::slice;
use std::sync::LazyLock;
use std::time::Instant;

use deno_core::v8;
use v8::fast_api::{CFunction, CFunctionInfo, Int64Representation, Type};
use v8::{MapFnTo, ValueDeserializerHelper, ValueSerializerHelper};

use super::codec;
use super::interrupt::{InterruptSlot, running_ticket};
use super::ledger::Ending;
use super::modules::RealmModules;
use super::movable::is_movable;
use super::natives::string;
use super::tree;

/// What compiled code calls in place of the function of a name, without a scope; it allocates nothing.
pub(super) fn fast() -> [(&'static str, CFunction); 2] {
    /// A receiver, a value; an answer of yes or no.
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
    tree::is_ordinary(value)
}

extern "C" fn is_proxy_fast(_: v8::Local<v8::Value>, value: v8::Local<v8::Value>) -> bool {
    value.is_proxy()
}

/// Functions and their names.
pub(super) fn builtins() -> Vec<(&'static str, v8::FunctionCallback)> {
    /// A question to a value.
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
    let others: [(&'static str, v8::FunctionCallback); 30] = [
        ("isAnyArrayBuffer", is_any_array_buffer.map_fn_to()),
        ("isBoxedPrimitive", is_boxed_primitive.map_fn_to()),
        ("encode", encode.map_fn_to()),
        ("decode", decode.map_fn_to()),
        ("serialize", serialize.map_fn_to()),
        ("deserialize", deserialize.map_fn_to()),
        ("getPromiseDetails", promise_details.map_fn_to()),
        ("getProxyDetails", proxy_details.map_fn_to()),
        ("getAsyncContext", async_context.map_fn_to()),
        ("setAsyncContext", set_async_context.map_fn_to()),
        ("enqueueMicrotask", enqueue_microtask.map_fn_to()),
        ("op_preview_entries", preview_entries.map_fn_to()),
        ("op_get_constructor_name", constructor_name.map_fn_to()),
        ("op_get_non_index_property_names", non_index_property_names.map_fn_to()),
        ("load", load.map_fn_to()),
        ("op_isolane_encode", encode_value.map_fn_to()),
        ("op_isolane_decode", decode_value.map_fn_to()),
        ("op_isolane_is_over", is_over.map_fn_to()),
        ("op_isolane_count", count.map_fn_to()),
        ("op_isolane_settled", settled.map_fn_to()),
        ("op_isolane_clock", clock.map_fn_to()),
        ("op_isolane_checkpoint", checkpoint.map_fn_to()),
        ("op_isolane_room", room.map_fn_to()),
        ("op_isolane_again", again.map_fn_to()),
        ("op_isolane_is_ordinary", is_ordinary.map_fn_to()),
        ("op_isolane_is_wide", is_wide.map_fn_to()),
        ("op_isolane_write_text", write_text.map_fn_to()),
        ("op_isolane_read_text", read_text.map_fn_to()),
        ("op_isolane_blank", blank.map_fn_to()),
        ("op_isolane_transfer", transfer.map_fn_to()),
    ];
    all.extend(others);
    all
}

type Args<'s> = v8::FunctionCallbackArguments<'s>;

fn is_any_array_buffer(_: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let value = args.get(0);
    result.set_bool(value.is_array_buffer() || value.is_shared_array_buffer());
}

fn is_boxed_primitive(_: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let value = args.get(0);
    result.set_bool(
        value.is_number_object()
            || value.is_string_object()
            || value.is_boolean_object()
            || value.is_big_int_object()
            || value.is_symbol_object(),
    );
}

/// Text to UTF-8; what is no character becomes U+FFFD.
fn encode(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let text = args.get(0).to_rust_string_lossy(scope);
    if let Some(bytes) = bytes_of(scope, text.into_bytes()) {
        result.set(bytes.into());
    }
}

/// UTF-8 to text, without the mark at its beginning.
fn decode(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Some(bytes) = bytes_in(args.get(0)) else {
        throw_type_error(scope, "expected a view of bytes");
        return;
    };
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    if let Some(text) = v8::String::new_from_utf8(scope, text, v8::NewStringType::Normal) {
        result.set(text.into());
    } else {
        throw_range_error(scope, "string too long");
    }
}

fn promise_details(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Ok(promise) = v8::Local::<v8::Promise>::try_from(args.get(0)) else { return };
    let (state, value) = match promise.state() {
        v8::PromiseState::Pending => (0, v8::null(scope).into()),
        v8::PromiseState::Fulfilled => (1, promise.result(scope)),
        v8::PromiseState::Rejected => (2, promise.result(scope)),
    };
    let state = v8::Integer::new(scope, state).into();
    result.set(v8::Array::new_with_elements(scope, &[state, value]).into());
}

fn proxy_details(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Ok(proxy) = v8::Local::<v8::Proxy>::try_from(args.get(0)) else {
        result.set_null();
        return;
    };
    let parts = [proxy.get_target(scope), proxy.get_handler(scope)];
    result.set(v8::Array::new_with_elements(scope, &parts).into());
}

fn async_context(scope: &mut v8::HandleScope, _: Args, mut result: v8::ReturnValue) {
    result.set(scope.get_continuation_preserved_embedder_data());
}

fn set_async_context(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    scope.set_continuation_preserved_embedder_data(args.get(0));
}

fn enqueue_microtask(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    if let Ok(function) = v8::Local::<v8::Function>::try_from(args.get(0)) {
        scope.enqueue_microtask(function);
    }
}

fn preview_entries(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
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

fn constructor_name(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let _ = scope;
    if let Ok(object) = v8::Local::<v8::Object>::try_from(args.get(0)) {
        result.set(object.get_constructor_name().into());
    }
}

/// `filter` has the bits of V8's `PropertyFilter`.
fn non_index_property_names(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
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

/// The namespace of a module of the kit that the realm did not have in the beginning.
fn load(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Some(realm) = realm_of(scope) else { return };
    let name = args.get(0).to_rust_string_lossy(scope);
    if let Some(namespace) = realm.parts.load(scope, &name) {
        result.set(namespace);
    }
}

fn realm_of(scope: &mut v8::HandleScope) -> Option<Rc<RealmModules>> {
    InterruptSlot::of(scope)?.library.realm_of(scope)
}

/// Turns a value into a `Uint8Array` in the wire format; throws what keeps it from being cloned.
fn encode_value<'s>(scope: &mut v8::HandleScope<'s>, args: Args<'s>, mut result: v8::ReturnValue) {
    let Some(realm) = realm_of(scope) else { return };
    let Ok(bytes) = codec::encode(scope, &realm.natives, args.get(0)) else { return };
    if let Some(bytes) = bytes_of(scope, bytes) {
        result.set(bytes.into());
    }
}

/// Makes a value of bytes in the wire format; undefined where they are none.
fn decode_value(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Some(realm) = realm_of(scope) else { return };
    let bytes = bytes_in(args.get(0)).unwrap_or_default();
    if let Ok(value) = codec::decode(scope, &realm.natives, &bytes) {
        result.set(value);
    }
}

/// Whether a task is over: nothing of it is to go on.
fn is_over(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let ticket = args.get(0);
    let ticket = ticket.is_number().then(|| ticket.number_value(scope)).flatten();
    let slot = InterruptSlot::of(scope);
    let over =
        ticket.zip(slot).is_some_and(|(ticket, slot)| !slot.ledger.is_in_flight(ticket as u64));
    result.set_bool(over);
}

/// One more operation is under way, or, with false, one less.
fn count(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    let Some(slot) = InterruptSlot::of(scope) else { return };
    let operations = &slot.ledger.operations;
    operations.set(if args.get(0).is_true() {
        operations.get() + 1
    } else {
        operations.get().saturating_sub(1)
    });
}

/// The promise of a task settled: its ticket, whether it was fulfilled, the value or reason.
fn settled(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    let Some(slot) = InterruptSlot::of(scope) else { return };
    // Code of no task has no promise that is waited for.
    let Some(ticket) = args.get(0).number_value(scope).filter(|ticket| *ticket >= 0.0) else {
        return;
    };
    let value = v8::Global::new(scope, args.get(2));
    let (ticket, fulfilled) = (ticket as u64, args.get(1).is_true());
    slot.ledger.endings.borrow_mut().push(Ending::Settled { ticket, fulfilled, value });
}

/// Milliseconds since some time before, with fractions: for the timers, and for no code of a user.
fn clock(_: &mut v8::HandleScope, _: Args, mut result: v8::ReturnValue) {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    result.set_double(START.elapsed().as_secs_f64() * 1000.0);
}

/// Has a function of the realm called in the next turn of the event loop.
fn again(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    let Some(slot) = InterruptSlot::of(scope) else { return };
    if let Ok(function) = v8::Local::<v8::Function>::try_from(args.get(0)) {
        let function = v8::Global::new(scope, function);
        slot.ledger.again.borrow_mut().push(function);
    }
}

/// Throws where so much of the stack is used that what follows could stop half-way.
fn room(scope: &mut v8::HandleScope, _: Args, _: v8::ReturnValue) {
    if InterruptSlot::of(scope).is_some_and(|slot| slot.ledger.is_deep()) {
        throw_range_error(scope, "Maximum call stack size exceeded");
    }
}

/// Runs the microtasks that there are. What follows is of no task.
fn checkpoint(scope: &mut v8::HandleScope, _: Args, _: v8::ReturnValue) {
    let none = v8::undefined(scope).into();
    scope.set_continuation_preserved_embedder_data(none);
    scope.perform_microtask_checkpoint();
}

/// Whether an object is no more than its properties, by V8's own word.
fn is_ordinary(_: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    result.set_bool(tree::is_ordinary(args.get(0)));
}

/// Whether a text has characters beyond Latin-1.
fn is_wide(_: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let text = v8::Local::<v8::String>::try_from(args.get(0));
    result.set_bool(text.is_ok_and(|text| !text.contains_only_onebyte()));
}

/// Writes a text into a view of its units, at a place.
fn write_text(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    let Ok(text) = v8::Local::<v8::String>::try_from(args.get(0)) else { return };
    let Ok(view) = v8::Local::<v8::TypedArray>::try_from(args.get(1)) else { return };
    let at = args.get(2).uint32_value(scope).unwrap_or(0) as usize;
    let length = text.length();
    let Some(end) = at.checked_add(length) else { return };
    let flags = v8::WriteFlags::empty();
    if view.is_uint16_array() && end <= view.byte_length() / size_of::<u16>() {
        // SAFETY: there is room behind `at`; nobody else looks at it now.
        let units = unsafe { slice::from_raw_parts_mut(view.data().cast::<u16>().add(at), length) };
        text.write_v2(scope, 0, units, flags);
    } else if view.is_uint8_array() && end <= view.byte_length() {
        // SAFETY: as above.
        let bytes = unsafe { slice::from_raw_parts_mut(view.data().cast::<u8>().add(at), length) };
        text.write_one_byte_v2(scope, 0, bytes, flags);
    }
}

/// The text in a part of a view of bytes.
fn read_text(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let Ok(view) = v8::Local::<v8::Uint8Array>::try_from(args.get(0)) else { return };
    let mut place = |index| args.get(index).uint32_value(scope).unwrap_or(0) as usize;
    let (from, to) = (place(1), place(2));
    if from > to || to > view.byte_length() {
        return;
    }
    // SAFETY: the part is within the view, and V8 copies it.
    let bytes = unsafe { slice::from_raw_parts(view.data().cast::<u8>().add(from), to - from) };
    let text = if args.get(3).is_true() {
        let units: Vec<u16> =
            bytes.as_chunks().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        v8::String::new_from_two_byte(scope, &units, v8::NewStringType::Normal)
    } else {
        v8::String::new_from_one_byte(scope, bytes, v8::NewStringType::Normal)
    };
    if let Some(text) = text {
        result.set(text.into());
    }
}

/// An array with so many elements, all undefined.
fn blank(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let length = args.get(0).uint32_value(scope).unwrap_or(0) as usize;
    let elements = vec![v8::undefined(scope).into(); length];
    result.set(v8::Array::new_with_elements(scope, &elements).into());
}

/// Has a buffer leave with the result of the task that runs. False where it cannot.
fn transfer(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let buffer = v8::Local::<v8::ArrayBuffer>::try_from(args.get(0));
    let buffer = buffer.ok().filter(|buffer| is_movable(*buffer));
    if let (Some(buffer), Some(ticket)) = (buffer, running_ticket(scope))
        && let Some(slot) = InterruptSlot::of(scope)
        && slot.ledger.is_in_flight(ticket)
    {
        slot.ledger.movable.name(scope, ticket, buffer);
    }
    result.set_bool(buffer.is_some());
}

/// Buffers of a realm between being sent and being received, by a number.
#[derive(Default)]
pub(super) struct Transit {
    buffers: RefCell<(u32, HashMap<u32, v8::SharedRef<v8::BackingStore>>)>,
}

impl Transit {
    /// The first of so many numbers.
    fn reserve(&self, count: usize) -> u32 {
        let (next, _) = &mut *self.buffers.borrow_mut();
        let first = *next;
        *next = next.wrapping_add(count as u32);
        first
    }

    fn put(&self, number: u32, buffer: v8::SharedRef<v8::BackingStore>) {
        self.buffers.borrow_mut().1.insert(number, buffer);
    }

    fn take(&self, number: u32) -> Option<v8::SharedRef<v8::BackingStore>> {
        self.buffers.borrow_mut().1.remove(&number)
    }
}

/// `(value, hostObjects, transferredArrayBuffers, onError)`, as deno_core's: objects of the first list are
/// written as their place in it, the buffers of the second are detached and their places take numbers.
fn serialize<'s>(scope: &mut v8::HandleScope<'s>, args: Args<'s>, mut result: v8::ReturnValue) {
    let context = scope.get_current_context();
    let list = |index| v8::Local::<v8::Array>::try_from(args.get(index)).ok();
    let clone = Clone::new(scope, list(1), args.get(3).try_into().ok());
    let Some(buffers) = buffers_in(scope, list(2), &clone) else { return };
    let serializer = v8::ValueSerializer::new(scope, Box::new(clone));
    serializer.write_header();
    let Some(realm) = realm_of(scope) else { return };
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
    // Only now: where the value cannot be cloned, the buffers stay where they are.
    for (index, buffer) in (0..).zip(buffers) {
        realm.transit.put(first + index, buffer.get_backing_store());
        buffer.detach(None);
        let number = v8::Integer::new_from_unsigned(scope, first + index).into();
        list(2).and_then(|list| list.set_index(scope, index, number));
    }
    result.set(bytes.into());
}

/// The buffers that are to be transferred. `None` where one cannot be, and that is thrown.
fn buffers_in<'s>(
    scope: &mut v8::HandleScope<'s>,
    list: Option<v8::Local<'s, v8::Array>>,
    clone: &Clone,
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
            let message = string(scope, message);
            v8::ValueSerializerImpl::throw_data_clone_error(clone, scope, message);
            return None;
        };
        buffers.push(buffer);
    }
    Some(buffers)
}

fn deserialize<'s>(scope: &mut v8::HandleScope<'s>, args: Args<'s>, mut result: v8::ReturnValue) {
    let context = scope.get_current_context();
    let Some(bytes) = bytes_in(args.get(0)) else {
        throw_type_error(scope, "expected a view of bytes");
        return;
    };
    let list = |index| v8::Local::<v8::Array>::try_from(args.get(index)).ok();
    let clone = Clone::new(scope, list(1), None);
    let deserializer = v8::ValueDeserializer::new(scope, Box::new(clone), &bytes);
    if deserializer.read_header(context) != Some(true) {
        throw_type_error(scope, "could not deserialize value");
        return;
    }
    if let Some(transferred) = list(2) {
        let Some(realm) = realm_of(scope) else { return };
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

struct Clone<'s> {
    host_objects: Option<v8::Local<'s, v8::Array>>,
    on_error: Option<v8::Local<'s, v8::Function>>,
    /// What marks host objects, as `js/core.js` has it.
    brand: v8::Local<'s, v8::Symbol>,
}

impl<'s> Clone<'s> {
    fn new(
        scope: &mut v8::HandleScope<'s>,
        host_objects: Option<v8::Local<'s, v8::Array>>,
        on_error: Option<v8::Local<'s, v8::Function>>,
    ) -> Self {
        let brand = string(scope, "Deno.core.hostObject");
        Self { host_objects, on_error, brand: v8::Symbol::for_key(scope, brand) }
    }
}

impl v8::ValueSerializerImpl for Clone<'_> {
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
        let place = list.and_then(|list| {
            (0..list.length())
                .find(|index| list.get_index(scope, *index).is_some_and(|other| other == object))
        });
        if let Some(place) = place {
            target.write_uint32(place);
            return Some(true);
        }
        let message = string(scope, "Unsupported object type");
        self.throw_data_clone_error(scope, message);
        None
    }

    fn get_shared_array_buffer_id<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        _: v8::Local<'s, v8::SharedArrayBuffer>,
    ) -> Option<u32> {
        let message = string(scope, "#<SharedArrayBuffer> could not be cloned.");
        self.throw_data_clone_error(scope, message);
        None
    }

    fn get_wasm_module_transfer_id(
        &self,
        scope: &mut v8::HandleScope<'_>,
        _: v8::Local<v8::WasmModuleObject>,
    ) -> Option<u32> {
        let message = string(scope, "#<WebAssembly.Module> could not be cloned.");
        self.throw_data_clone_error(scope, message);
        None
    }
}

impl v8::ValueDeserializerImpl for Clone<'_> {
    fn read_host_object<'s>(
        &self,
        scope: &mut v8::HandleScope<'s>,
        source: &dyn v8::ValueDeserializerHelper,
    ) -> Option<v8::Local<'s, v8::Object>> {
        let mut place = 0;
        let found = source.read_uint32(&mut place).then_some(self.host_objects).flatten();
        let object = found.and_then(|list| list.get_index(scope, place));
        if let Some(object) = object.and_then(|object| object.try_into().ok()) {
            return Some(object);
        }
        throw_type_error(scope, "could not deserialize a host object");
        None
    }
}

/// A view of bytes that count as memory of the isolate. `None` when there is none left, and that is thrown.
fn bytes_of<'s>(
    scope: &mut v8::HandleScope<'s>,
    bytes: Vec<u8>,
) -> Option<v8::Local<'s, v8::Uint8Array>> {
    let length = bytes.len();
    let slot = InterruptSlot::of(scope)?;
    let Some(store) = slot.ledger.buffers.store(scope, bytes) else {
        throw_range_error(scope, "Array buffer allocation failed");
        return None;
    };
    let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
    v8::Uint8Array::new(scope, buffer, 0, length)
}

fn bytes_in(value: v8::Local<v8::Value>) -> Option<Vec<u8>> {
    let view = v8::Local::<v8::ArrayBufferView>::try_from(value).ok()?;
    let mut bytes = vec![0; view.byte_length()];
    view.copy_contents(&mut bytes);
    Some(bytes)
}

pub(super) fn throw_range_error(scope: &mut v8::HandleScope, message: &str) {
    let message = string(scope, message);
    let error = v8::Exception::range_error(scope, message);
    scope.throw_exception(error);
}

fn throw_type_error(scope: &mut v8::HandleScope, message: &str) {
    let message = string(scope, message);
    let error = v8::Exception::type_error(scope, message);
    scope.throw_exception(error);
}
