//! The current task: its ticket, how it ends, and what it has running.

#![allow(clippy::needless_pass_by_value, reason = "V8 hands arguments over by value")]

use std::sync::LazyLock;
use std::time::Instant;

use deno_core::v8;

use crate::isolate::primitives::throw_range_error;
use crate::isolate::state::{IsolateState, TaskEvent};
use crate::isolate::task::current::running_ticket;
use crate::isolate::values::transfer::transfers::is_transferable;

type Args<'s> = v8::FunctionCallbackArguments<'s>;

/// Returns the ticket of the current task, or undefined.
pub fn async_context(scope: &mut v8::HandleScope, _: Args, mut result: v8::ReturnValue) {
    result.set(scope.get_continuation_preserved_embedder_data());
}

/// Sets the current task.
pub fn set_async_context(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    scope.set_continuation_preserved_embedder_data(args.get(0));
}

/// Enqueues a microtask.
pub fn enqueue_microtask(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    if let Ok(function) = v8::Local::<v8::Function>::try_from(args.get(0)) {
        scope.enqueue_microtask(function);
    }
}

/// Whether a task is over.
pub fn is_over(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let ticket = args.get(0);
    let ticket = ticket.is_number().then(|| ticket.number_value(scope)).flatten();
    let state = IsolateState::of(scope);
    let over = ticket.zip(state).is_some_and(|(ticket, state)| !state.is_in_flight(ticket as u64));
    result.set_bool(over);
}

/// Increments the count of pending operations, or, given false, decrements it.
pub fn count_operation(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    let Some(state) = IsolateState::of(scope) else { return };
    let operations = &state.operations;
    operations.set(if args.get(0).is_true() {
        operations.get() + 1
    } else {
        operations.get().saturating_sub(1)
    });
}

/// Records that the promise of a task settled: its ticket, whether it was fulfilled, value or
/// reason.
pub fn settled(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    let Some(state) = IsolateState::of(scope) else { return };
    // Code of no task has no promise.
    let Some(ticket) = args.get(0).number_value(scope).filter(|ticket| *ticket >= 0.0) else {
        return;
    };
    let value = v8::Global::new(scope, args.get(2));
    let (ticket, fulfilled) = (ticket as u64, args.get(1).is_true());
    state.task_events.borrow_mut().push(TaskEvent::Settled { ticket, fulfilled, value });
}

/// Returns milliseconds with fractions since an arbitrary start. For the timers; no code of a user
/// reads it.
pub fn clock(_: &mut v8::HandleScope, _: Args, mut result: v8::ReturnValue) {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    result.set_double(START.elapsed().as_secs_f64() * 1000.0);
}

/// Defers a function of the realm to the next turn of the event loop.
pub fn call_next_turn(scope: &mut v8::HandleScope, args: Args, _: v8::ReturnValue) {
    let Some(state) = IsolateState::of(scope) else { return };
    if let Ok(function) = v8::Local::<v8::Function>::try_from(args.get(0)) {
        let function = v8::Global::new(scope, function);
        state.next_turn.borrow_mut().push(function);
    }
}

/// Throws a `RangeError` where so much of the stack is in use that the following code could stop
/// half-way.
pub fn check_stack(scope: &mut v8::HandleScope, _: Args, _: v8::ReturnValue) {
    if IsolateState::of(scope).is_some_and(|state| state.is_stack_nearly_full()) {
        throw_range_error(scope, "Maximum call stack size exceeded");
    }
}

/// Makes code of no task the current one, and runs the queued microtasks.
pub fn run_microtasks(scope: &mut v8::HandleScope, _: Args, _: v8::ReturnValue) {
    let none = v8::undefined(scope).into();
    scope.set_continuation_preserved_embedder_data(none);
    scope.perform_microtask_checkpoint();
}

/// Marks a buffer to leave with the result of the current task. Returns false where it cannot be
/// transferred.
pub fn transfer(scope: &mut v8::HandleScope, args: Args, mut result: v8::ReturnValue) {
    let buffer = v8::Local::<v8::ArrayBuffer>::try_from(args.get(0));
    let buffer = buffer.ok().filter(|buffer| is_transferable(*buffer));
    if let (Some(buffer), Some(ticket)) = (buffer, running_ticket(scope))
        && let Some(state) = IsolateState::of(scope)
        && state.is_in_flight(ticket)
    {
        state.transfers.mark(scope, ticket, buffer);
    }
    result.set_bool(buffer.is_some());
}
