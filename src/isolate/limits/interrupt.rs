//! The interrupts of an isolate: callbacks that V8 runs between two instructions of JavaScript, on the isolate's
//! thread.
//!
//! Each looks up whose code runs before it ends anything.

use std::ffi::c_void;

use deno_core::v8;

use crate::isolate::limits::heartbeat::Heartbeat;
use crate::isolate::state::IsolateState;
use crate::isolate::task::current::running;

/// The attempt that an interrupt is for, packed into the one packed that V8 passes on.
pub struct Target {
    ticket: u64,
    attempt: u16,
}

impl Target {
    /// Tickets count from 1 and stay below 2^48; 65,536 attempts later a stale interrupt is gone.
    pub fn pack(ticket: u64, attempt: u32) -> *mut c_void {
        (ticket << 16 | u64::from(attempt as u16)) as usize as *mut c_void
    }

    fn unpack(data: *mut c_void) -> Option<Self> {
        let packed = data as usize as u64;
        (packed != 0).then_some(Self { ticket: packed >> 16, attempt: packed as u16 })
    }
}

/// Runs inside V8 on the isolate's thread, between two instructions of JavaScript. `data` is a packed
/// [`Target`], or null for whatever runs.
pub unsafe extern "C" fn on_interrupt(isolate: &mut v8::Isolate, data: *mut c_void) {
    let target = Target::unpack(data);
    let Some(state) = IsolateState::of(isolate) else { return };
    let running = running(isolate);
    let is_ended = |target: &Target| {
        let attempt = state.in_flight.attempt_of(target.ticket);
        attempt.is_none_or(|attempt| attempt as u16 != target.attempt)
    };
    if state.is_signalling() || target.as_ref().is_some_and(is_ended) {
        return;
    }
    if state.defer_interrupt(data) {
        return;
    }
    let target = target.map(|target| target.ticket);
    // Code of no task in flight, such as a timer that a module set while it was loaded, keeps the thread from the
    // target.
    let is_no_task = running.is_none_or(|running| !state.is_in_flight(running));
    if target.is_none() || running == target || is_no_task {
        terminate(isolate, &state, target.or(running));
    }
}

/// Answers a request for a heartbeat, and ends what has taken too much.
pub unsafe extern "C" fn on_heartbeat(isolate: &mut v8::Isolate, _: *mut c_void) {
    let Some(state) = IsolateState::of(isolate) else { return };
    let mut memory = state.buffers.sample(isolate);
    if state.buffers.is_over_limit(memory) {
        // What is over the limit may be garbage.
        isolate.memory_pressure_notification(v8::MemoryPressureLevel::Critical);
        memory = state.buffers.sample(isolate);
    }
    if let Some(heartbeat) = Heartbeat::of(isolate) {
        heartbeat.answer(memory);
    }
    let running = running(isolate);
    let over = running.filter(|ticket| !state.is_in_flight(*ticket));
    // Twice in a row: code of a task that is over runs on, and nobody waits for it.
    if state.lingering.replace(over) == over && over.is_some() {
        state.leftover.set(true);
        state.stopped.set(true);
        isolate.terminate_execution();
    } else if state.signals_too_long() {
        state.stopped.set(true);
        isolate.terminate_execution();
    } else if state.buffers.is_over_limit(memory) && !state.is_signalling() {
        state.out_of_memory.set(true);
        if !state.defer_interrupt(std::ptr::null_mut()) {
            terminate(isolate, &state, running);
        }
    }
}

/// Runs after a full garbage collection. V8 makes one now and then while memory outside the heap grows, and no
/// heartbeat is requested between two short tasks.
pub unsafe extern "C" fn on_collected(
    isolate: *mut v8::Isolate,
    _: v8::GCType,
    _: v8::GCCallbackFlags,
    _: *mut c_void,
) {
    // SAFETY: V8 calls this on the isolate's thread; only figures are read.
    let isolate = unsafe { &mut *isolate };
    let Some(state) = IsolateState::of(isolate) else { return };
    state.collections.set(state.collections.get().wrapping_add(1));
    let buffers = &state.buffers;
    let memory = buffers.sample(isolate);
    if buffers.is_over_limit(memory)
        && Heartbeat::of(isolate).is_some_and(|heartbeat| heartbeat.request())
    {
        isolate.thread_safe_handle().request_interrupt(on_heartbeat, std::ptr::null_mut());
    }
}

/// Runs after a buffer was refused. Where the refusal is final, the task that asked for the buffer ends, whether it
/// caught the error or not. Where it does not run any more, `Isolate` ends it.
pub unsafe extern "C" fn on_refusal(isolate: &mut v8::Isolate, _: *mut c_void) {
    let Some(state) = IsolateState::of(isolate) else { return };
    state.buffers.interrupt_handled();
    let refused = state.buffers.refusal();
    if refused.is_some_and(|ticket| state.is_in_flight(ticket))
        && refused == running(isolate)
        && !state.is_signalling()
    {
        state.out_of_memory.set(true);
        if !state.defer_interrupt(std::ptr::null_mut()) {
            terminate(isolate, &state, refused);
        }
    }
}

/// Ends what runs. The terminate is that of `ticket`, or else of the task that is in flight for longest.
fn terminate(isolate: &v8::Isolate, state: &IsolateState, ticket: Option<u64>) {
    let blamed = ticket.or_else(|| state.in_flight.first());
    state.terminated.set(blamed);
    state.stopped.set(state.stopped.get() || blamed.is_none());
    isolate.terminate_execution();
}

/// Requests the interrupts again that came while they were held.
pub fn request_deferred(isolate: &v8::Isolate, state: &IsolateState) {
    for interrupt in state.take_deferred_interrupts() {
        isolate.thread_safe_handle().request_interrupt(on_interrupt, interrupt);
    }
}
