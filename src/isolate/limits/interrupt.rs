//! The interrupts of an isolate: callbacks that V8 runs on the isolate's thread, between two
//! instructions of JavaScript.
//!
//! Each looks up the current task before it terminates anything: V8's termination is not bound to a
//! task.

use std::ffi::c_void;

use deno_core::v8;

use crate::isolate::limits::heartbeat::Heartbeat;
use crate::isolate::state::IsolateState;
use crate::isolate::task::current::running;

/// The attempt that an interrupt targets, packed into the pointer that V8 passes on.
pub struct Target {
    ticket: u64,
    attempt: u16,
}

impl Target {
    /// Packs ticket and attempt. Tickets start at 1 and stay below 2^48. Attempts are taken modulo
    /// 2^16: a stale interrupt does not survive 65,536 attempts.
    pub fn pack(ticket: u64, attempt: u32) -> *mut c_void {
        (ticket << 16 | u64::from(attempt as u16)) as usize as *mut c_void
    }

    fn unpack(data: *mut c_void) -> Option<Self> {
        let packed = data as usize as u64;
        (packed != 0).then_some(Self { ticket: packed >> 16, attempt: packed as u16 })
    }
}

/// Terminates the attempt in `data`, a packed [`Target`], if its code runs. Null terminates
/// whatever runs.
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
    // Code of no task in flight blocks the thread, for instance a timer that a module set while it
    // was loaded.
    let is_no_task = running.is_none_or(|running| !state.is_in_flight(running));
    if target.is_none() || running == target || is_no_task {
        terminate(isolate, &state, target.or(running));
    }
}

/// Answers a heartbeat request, and terminates code that exceeds the memory limit or outlives its
/// task.
pub unsafe extern "C" fn on_heartbeat(isolate: &mut v8::Isolate, _: *mut c_void) {
    let Some(state) = IsolateState::of(isolate) else { return };
    let mut memory = state.buffers.sample(isolate);
    if state.buffers.is_over_limit(memory) {
        // The memory over the limit may be garbage.
        isolate.memory_pressure_notification(v8::MemoryPressureLevel::Critical);
        memory = state.buffers.sample(isolate);
    }
    if let Some(heartbeat) = Heartbeat::of(isolate) {
        heartbeat.answer(memory);
    }
    let running = running(isolate);
    let over = running.filter(|ticket| !state.is_in_flight(*ticket));
    // At two heartbeats in a row code of the same ended task runs: nobody waits for it.
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

/// Runs after a full garbage collection and requests a heartbeat where the memory exceeds the
/// limit. V8 collects from time to time while external memory grows, whereas no heartbeat is
/// requested between two short tasks.
pub unsafe extern "C" fn on_collected(
    isolate: *mut v8::Isolate,
    _: v8::GCType,
    _: v8::GCCallbackFlags,
    _: *mut c_void,
) {
    // SAFETY: V8 passes a valid isolate on its own thread; this reads statistics only.
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

/// Runs after an allocation of a buffer was refused. Where the refusal stands, the task that asked
/// for the buffer is terminated, even if it caught the error. Where that task does not run any
/// more, `Isolate` ends it.
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

/// Terminates the code that runs. The termination counts for `ticket`, or else for the task that is
/// in flight for longest.
fn terminate(isolate: &v8::Isolate, state: &IsolateState, ticket: Option<u64>) {
    let blamed = ticket.or_else(|| state.in_flight.first());
    state.terminated.set(blamed);
    state.stopped.set(state.stopped.get() || blamed.is_none());
    isolate.terminate_execution();
}

/// Requests the deferred interrupts again.
pub fn request_deferred(isolate: &v8::Isolate, state: &IsolateState) {
    for interrupt in state.take_deferred_interrupts() {
        isolate.thread_safe_handle().request_interrupt(on_interrupt, interrupt);
    }
}
