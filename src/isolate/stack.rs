//! What `error.stack` says. deno_core formats it, with its source maps; but its code panics or complains
//! where a user is bad enough: on texts that are too long, near the end of the stack, and where the task is
//! ended in the middle of it.

use deno_core::error::prepare_stack_trace_callback;
use deno_core::v8;

use super::interrupt::InterruptSlot;
use super::natives::string;

/// Of a head that is longer the stack has only the beginning; the message has it all.
const LONG: usize = 1 << 20;

/// A prototype chain that is longer is not looked through.
const DEPTH: usize = 16;

/// Called by V8 when a stack is asked for the first time.
pub(super) fn prepare<'s>(
    scope: &mut v8::HandleScope<'s>,
    error: v8::Local<'s, v8::Value>,
    callsites: v8::Local<'s, v8::Array>,
) -> v8::Local<'s, v8::Value> {
    if let Some((function, receiver)) = users_function(scope) {
        let stack = function.call(scope, receiver, &[error, callsites.into()]);
        return stack.unwrap_or_else(|| v8::undefined(scope).into());
    }
    let slot = InterruptSlot::of(scope).filter(|slot| !slot.ledger.is_deep());
    match slot.filter(|_| is_harmless(scope, error)) {
        Some(slot) => {
            slot.ledger.hold_interrupts();
            let stack = prepare_stack_trace_callback(scope, error, callsites);
            let isolate: &mut v8::Isolate = scope;
            slot.ledger.release_interrupts(isolate);
            stack
        }
        None => plain(scope, error, callsites),
    }
}

/// `Error.prepareStackTrace`, where a user has put a function there.
fn users_function<'s>(
    scope: &mut v8::HandleScope<'s>,
) -> Option<(v8::Local<'s, v8::Function>, v8::Local<'s, v8::Value>)> {
    let global = scope.get_current_context().global(scope);
    let name = string(scope, "Error").into();
    let error: v8::Local<v8::Object> = global.get(scope, name)?.try_into().ok()?;
    let name = string(scope, "prepareStackTrace").into();
    let function = error.get(scope, name)?.try_into().ok()?;
    Some((function, error.into()))
}

/// Whether no code of a user runs to read its message and name, and neither is long.
fn is_harmless<'s>(scope: &mut v8::HandleScope<'s>, error: v8::Local<'s, v8::Value>) -> bool {
    let Ok(error) = v8::Local::<v8::Object>::try_from(error) else { return false };
    ["message", "name"].into_iter().all(|name| {
        let name = string(scope, name);
        let Some(text) = data_property(scope, error, name) else { return false };
        let text = v8::Local::<v8::String>::try_from(text);
        text.is_ok_and(|text| text.length() < LONG)
    })
}

/// A property that is data, wherever on the prototype chain. `None` for what runs code.
fn data_property<'s>(
    scope: &mut v8::HandleScope<'s>,
    object: v8::Local<'s, v8::Object>,
    name: v8::Local<'s, v8::String>,
) -> Option<v8::Local<'s, v8::Value>> {
    let value_key: v8::Local<v8::Name> = string(scope, "value").into();
    let mut holder = object;
    for _ in 0..DEPTH {
        if holder.is_proxy() {
            return None;
        }
        let descriptor = holder.get_own_property_descriptor(scope, name.into())?;
        if let Ok(descriptor) = v8::Local::<v8::Object>::try_from(descriptor) {
            let is_data = descriptor.has_own_property(scope, value_key)?;
            return if is_data { descriptor.get(scope, value_key.into()) } else { None };
        }
        holder = holder.get_prototype(scope)?.try_into().ok()?;
    }
    None
}

/// The error as V8 puts it into words, and its calls; as much of it as can be had.
fn plain<'s>(
    scope: &mut v8::HandleScope<'s>,
    error: v8::Local<'s, v8::Value>,
    callsites: v8::Local<'s, v8::Array>,
) -> v8::Local<'s, v8::Value> {
    let scope = &mut v8::TryCatch::new(scope);
    let mut stack = match error.to_string(scope) {
        Some(head) if head.length() <= LONG => head.to_rust_string_lossy(scope),
        Some(head) => {
            let mut units = vec![0; LONG];
            head.write_v2(scope, 0, &mut units, v8::WriteFlags::empty());
            String::from_utf16_lossy(&units) + "…"
        }
        None => "Error".to_owned(),
    };
    for index in 0..callsites.length() {
        let Some(call) = callsites.get_index(scope, index).and_then(|call| call.to_string(scope))
        else {
            break;
        };
        if call.length() > LONG {
            continue;
        }
        stack.push_str("\n    at ");
        stack.push_str(&call.to_rust_string_lossy(scope));
    }
    string(scope, &stack).into()
}
