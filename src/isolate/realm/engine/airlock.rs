//! The airlock: the only way from a realm to deno_core's ops, through which only copies come back.
//!
//! deno_core works in one context, the engine's. No object of that context may reach a realm,
//! because its constructor would lead code of a user out of the realm. So a realm calls functions
//! that call the op in the engine's context. What the op returns, resolves to or throws is copied
//! into the realm.

use std::rc::Rc;

use deno_core::v8;

use crate::isolate::host::op::CALL;
use crate::isolate::limits::interrupt::request_deferred;
use crate::isolate::primitives::{number as number_of, string, throw_range_error};
use crate::isolate::realm::data::RealmData;
use crate::isolate::realm::engine::blobs;
use crate::isolate::realm::engine::copy::{copy, copy_error};
use crate::isolate::state::IsolateState;
use crate::isolate::task::current::running_ticket;

/// An op or function of deno_core, in the engine's context.
struct Op {
    function: v8::Global<v8::Function>,
    outcome: Outcome,
    is_async: bool,
    is_host_call: bool,
    creates: Option<Created>,
}

/// What an op creates that must be dropped with the realm.
#[derive(Clone, Copy)]
enum Created {
    BlobPart,
    BlobUrl,
}

impl Created {
    fn by(op: &str) -> Option<Self> {
        if blobs::PARTS.contains(&op) {
            return Some(Self::BlobPart);
        }
        (op == blobs::URL).then_some(Self::BlobUrl)
    }
}

/// How the result of an op reaches the realm.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Copy,
    /// An object of Rust, which the realm holds as an opaque handle.
    Handle,
}

/// The ops whose result the realm passes to another op.
const HANDLES: [&str; 1] = ["op_encoding_new_decoder"];

/// The functions that realms of an isolate can call in the engine, by number.
pub struct Airlock {
    ops: Vec<Op>,
    /// The engine's context.
    engine: v8::Global<v8::Context>,
    /// The private symbol that links a handle or promise of a realm to the engine's object.
    key: v8::Global<v8::Private>,
}

impl Airlock {
    /// Returns the airlock of this isolate; `None` before its callbacks are installed.
    pub fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    /// Looks up the functions in the engine's context, which must be the current one.
    ///
    /// # Panics
    /// When a function does not exist: the bootstrap modules do not match the extensions.
    pub fn new(
        scope: &mut v8::HandleScope,
        names: &[&str],
        is_async: impl Fn(&str) -> bool,
    ) -> Self {
        let global = scope.get_current_context().global(scope);
        let core = ["Deno", "core"]
            .into_iter()
            .fold(global, |object, name| object_member(scope, object, name));
        let ops = object_member(scope, core, "ops");
        let ops = names.iter().map(|name| {
            let home = if name.starts_with("op_") { ops } else { core };
            let function: v8::Local<v8::Function> = object_member(scope, home, name)
                .try_into()
                .expect("what realms call is a function");
            let outcome = if HANDLES.contains(name) { Outcome::Handle } else { Outcome::Copy };
            let function = v8::Global::new(scope, function);
            Op {
                function,
                outcome,
                is_async: is_async(name),
                is_host_call: *name == CALL,
                creates: Created::by(name),
            }
        });
        let ops = ops.collect();
        let name = string(scope, "isolane.handle");
        let key = v8::Private::for_api(scope, Some(name));
        let engine = scope.get_current_context();
        let engine = v8::Global::new(scope, engine);
        Self { ops, engine, key: v8::Global::new(scope, key) }
    }
}

/// Returns a property that is an object.
fn object_member<'s>(
    scope: &mut v8::HandleScope<'s>,
    object: v8::Local<'s, v8::Object>,
    name: &str,
) -> v8::Local<'s, v8::Object> {
    let key = string(scope, name).into();
    let value = object.get(scope, key).and_then(|value| value.try_into().ok());
    value.unwrap_or_else(|| panic!("deno_core has no {name}"))
}

/// The function that a realm calls for an op. Its data is the number of the op.
#[allow(clippy::needless_pass_by_value)]
pub fn call_op<'s>(
    scope: &mut v8::HandleScope<'s>,
    args: v8::FunctionCallbackArguments<'s>,
    mut result: v8::ReturnValue,
) {
    let number = args.data().uint32_value(scope).unwrap_or(u32::MAX);
    let (Some(state), Some(airlock)) = (IsolateState::of(scope), Airlock::of(scope)) else {
        return;
    };
    let Some(op) = airlock.ops.get(number as usize) else { return };
    let ticket = running_ticket(scope);
    if op.is_async && ticket.is_some_and(|ticket| !state.is_in_flight(ticket)) {
        // A task that is over starts no operation: its promise never settles.
        if let Some(resolver) = v8::PromiseResolver::new(scope) {
            result.set(resolver.get_promise(scope).into());
        }
        return;
    }
    if state.is_stack_nearly_full() {
        // deno_core could start an operation and fail to record it.
        throw_range_error(scope, "Maximum call stack size exceeded");
        return;
    }
    let scope = &mut v8::TryCatch::new(scope);
    let key = v8::Local::new(scope, &airlock.key);
    let mut arguments: Vec<_> =
        (0..args.length()).map(|index| unwrap_handle(scope, key, args.get(index))).collect();
    if let Some(first) = arguments.first_mut().filter(|_| op.is_host_call) {
        let none = v8::Number::new(scope, -1.0).into();
        *first = ticket.map_or(none, |ticket| number_of(scope, ticket));
    }
    let undefined = v8::undefined(scope).into();
    let function = v8::Local::new(scope, &op.function);
    // deno_core panics where it is interrupted while it creates an error.
    let is_outermost = state.defer_interrupts();
    let value = {
        // Optimized code in the engine calls fast API functions in whatever context is current, and
        // these look up deno_core's state in that context.
        let engine = v8::Local::new(scope, &airlock.engine);
        let scope = &mut v8::ContextScope::new(scope, engine);
        function.call(scope, undefined, &arguments)
    };
    if is_outermost {
        request_deferred(scope, &state);
    }
    let Some(value) = value else {
        rethrow(scope);
        return;
    };
    if let Ok(promise) = v8::Local::<v8::Promise>::try_from(value) {
        if let Some(promise) = mirror_promise(scope, &state, &airlock, promise) {
            result.set(promise.into());
        } else {
            rethrow(scope);
        }
        return;
    }
    if let Some(created) = op.creates
        && let Some(realm) = RealmData::of(scope)
    {
        let name = value.to_rust_string_lossy(scope);
        match created {
            Created::BlobPart => realm.blobs.add_part(name),
            Created::BlobUrl => realm.blobs.add_url(name),
        }
    }
    let copied = match op.outcome {
        Outcome::Copy => copy(scope, value),
        Outcome::Handle => wrap_handle(scope, key, value),
    };
    match copied {
        Some(value) => result.set(value),
        None => rethrow(scope),
    }
}

/// Creates a promise of the realm that settles as a promise of the engine does.
fn mirror_promise<'s>(
    scope: &mut v8::TryCatch<v8::HandleScope<'s>>,
    state: &IsolateState,
    airlock: &Airlock,
    promise: v8::Local<'s, v8::Promise>,
) -> Option<v8::Local<'s, v8::Promise>> {
    let resolver = v8::PromiseResolver::new(scope)?;
    {
        let engine = v8::Local::new(scope, &airlock.engine);
        let scope = &mut v8::ContextScope::new(scope, engine);
        let fulfil = v8::Function::builder(on_fulfilled).data(resolver.into()).build(scope)?;
        let reject = v8::Function::builder(on_rejected).data(resolver.into()).build(scope)?;
        promise.then2(scope, fulfil, reject)?;
    }
    // Operations of the worker script itself belong to no task.
    if running_ticket(scope).is_some() {
        state.operations.set(state.operations.get() + 1);
    }
    let mirror = resolver.get_promise(scope);
    // For ops that take the promise, such as those that ref or unref its operation.
    let key = v8::Local::new(scope, &airlock.key);
    mirror.set_private(scope, key, promise.into());
    Some(mirror)
}

#[allow(clippy::needless_pass_by_value)]
fn on_fulfilled<'s>(
    scope: &mut v8::HandleScope<'s>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue,
) {
    settle_mirror(scope, &args, true);
}

#[allow(clippy::needless_pass_by_value)]
fn on_rejected<'s>(
    scope: &mut v8::HandleScope<'s>,
    args: v8::FunctionCallbackArguments<'s>,
    _: v8::ReturnValue,
) {
    settle_mirror(scope, &args, false);
}

/// Settles the realm's promise, whose resolver is the data of the callback.
fn settle_mirror<'s>(
    scope: &mut v8::HandleScope<'s>,
    args: &v8::FunctionCallbackArguments<'s>,
    fulfilled: bool,
) {
    // The reaction runs for the same task as `mirror_promise` did.
    let state = IsolateState::of(scope).filter(|_| running_ticket(scope).is_some());
    if let Some(state) = state {
        state.operations.set(state.operations.get().saturating_sub(1));
    }
    let Ok(resolver) = v8::Local::<v8::Object>::try_from(args.data()) else { return };
    let Some(realm) = resolver.get_creation_context(scope) else { return };
    // SAFETY: in V8 a resolver is the promise itself, and `mirror_promise` created this one as a
    // resolver.
    let resolver = unsafe { v8::Local::<v8::PromiseResolver>::cast_unchecked(resolver) };
    let value = args.get(0);
    let scope = &mut v8::ContextScope::new(scope, realm);
    let scope = &mut v8::TryCatch::new(scope);
    if !fulfilled {
        if let Some(error) = copy_error(scope, value) {
            resolver.reject(scope, error);
        }
    } else if let Some(value) = copy(scope, value) {
        resolver.resolve(scope, value);
    } else if let Some(error) = scope.exception() {
        scope.reset();
        resolver.reject(scope, error);
    }
    if scope.has_terminated() {
        scope.rethrow();
    }
}

/// Returns the engine's object that a handle or promise of the realm stands for, and any other
/// argument as it is.
fn unwrap_handle<'s>(
    scope: &mut v8::HandleScope<'s>,
    key: v8::Local<'s, v8::Private>,
    value: v8::Local<'s, v8::Value>,
) -> v8::Local<'s, v8::Value> {
    let Ok(object) = v8::Local::<v8::Object>::try_from(value) else { return value };
    if object.is_proxy() {
        return value;
    }
    object.get_private(scope, key).filter(|found| found.is_object()).unwrap_or(value)
}

/// Creates an opaque handle of the realm for an object of the engine.
fn wrap_handle<'s>(
    scope: &mut v8::TryCatch<v8::HandleScope<'s>>,
    key: v8::Local<'s, v8::Private>,
    value: v8::Local<'s, v8::Value>,
) -> Option<v8::Local<'s, v8::Value>> {
    let null = v8::null(scope).into();
    let handle = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    handle.set_private(scope, key, value)?;
    Some(handle.into())
}

/// Copies the pending exception of the engine and throws the copy. A termination is rethrown as it
/// is.
fn rethrow(scope: &mut v8::TryCatch<v8::HandleScope>) {
    if scope.has_terminated() {
        scope.rethrow();
        return;
    }
    let Some(error) = scope.exception() else { return };
    scope.reset();
    if let Some(error) = copy_error(scope, error) {
        scope.throw_exception(error);
    }
    scope.rethrow();
}
