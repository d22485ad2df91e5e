//! How another thread reaches into an isolate: an interrupt that looks at who is running before it ends
//! anything, and one that only says that V8 is alive and how much memory it takes.

use std::collections::HashSet;
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deno_core::v8;
use parking_lot::Mutex;

use super::Memory;
use super::airlock::Airlock;
use super::ledger::Ledger;
use super::modules::Library;
use super::pulse::Pulse;

/// What callbacks need that V8 gives nothing but the isolate.
pub(super) struct InterruptSlot {
    pub ledger: Rc<Ledger>,
    /// deno_core's, in which no code of a user runs.
    pub context: v8::Global<v8::Context>,
    pub airlock: Airlock,
    pub library: Rc<Library>,
    pub pulse: Arc<Pulse>,
}

impl InterruptSlot {
    pub fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }
}

/// Ends tasks of one isolate, and feels its pulse, from any thread.
#[derive(Clone)]
pub struct Interrupter {
    isolate: v8::IsolateHandle,
    doomed: Arc<Doomed>,
    pulse: Arc<Pulse>,
}

/// Attempts that are to end, for those that have not begun when their interrupt comes.
#[derive(Default)]
struct Doomed {
    /// As many as there are, to be asked without the lock.
    count: AtomicUsize,
    attempts: Mutex<HashSet<(u64, u32)>>,
}

impl Interrupter {
    /// Ends this attempt of a task if its JavaScript is running now. A task that waits for its event
    /// loop is not touched, nor is any other: V8's own termination is sticky and knows no task, so a
    /// late one would kill the next.
    pub fn terminate(&self, ticket: u64, attempt: u32) {
        if self.doomed.attempts.lock().insert((ticket, attempt)) {
            self.doomed.count.fetch_add(1, Ordering::SeqCst);
        }
        self.isolate.request_interrupt(on_interrupt, Wanted::pack(ticket, attempt));
    }

    /// Ends whatever runs, for an isolate that is not used again.
    pub fn terminate_all(&self) {
        self.isolate.terminate_execution();
    }

    /// Asks V8 for a sign of life: it answers within a loop, a regular expression or WebAssembly, and
    /// not while the thread is in native code, waits or has no JavaScript to run. An answer looks at
    /// the memory, too, and ends the task that runs where heap and buffers are over the limit together.
    /// Does nothing while the last question is open.
    pub fn ask(&self) {
        if self.pulse.ask() {
            self.isolate.request_interrupt(on_pulse, std::ptr::null_mut());
        }
    }

    /// How often V8 has answered.
    pub fn answers(&self) -> u64 {
        self.pulse.answers()
    }

    /// What the latest answer saw of the memory; nothing before the first.
    pub fn sampled(&self) -> Memory {
        self.pulse.sampled()
    }

    pub(super) fn of(isolate: &mut v8::Isolate) -> Self {
        let pulse = Arc::default();
        Self { isolate: isolate.thread_safe_handle(), doomed: Arc::default(), pulse }
    }

    pub(super) fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    /// Whether an attempt that begins now is to end at once.
    pub(super) fn is_doomed(&self, ticket: u64, attempt: u32) -> bool {
        self.doomed.count.load(Ordering::SeqCst) > 0
            && self.doomed.attempts.lock().contains(&(ticket, attempt))
    }

    /// Forgets an attempt that is over.
    pub(super) fn forget(&self, ticket: u64, attempt: u32) {
        if self.doomed.attempts.lock().remove(&(ticket, attempt)) {
            self.doomed.count.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Ends the task that is running now, on the isolate's own thread.
    pub(super) fn terminate_current(&self) {
        self.isolate.request_interrupt(on_interrupt, std::ptr::null_mut());
    }
}

/// Which attempt an interrupt is for, in the one word that V8 hands over.
struct Wanted {
    ticket: u64,
    attempt: u16,
}

impl Wanted {
    /// Tickets count from 1 and stay below 2^48; 65,536 attempts later a stale interrupt is gone.
    fn pack(ticket: u64, attempt: u32) -> *mut c_void {
        (ticket << 16 | u64::from(attempt as u16)) as usize as *mut c_void
    }

    fn unpack(data: *mut c_void) -> Option<Self> {
        let word = data as usize as u64;
        (word != 0).then_some(Self { ticket: word >> 16, attempt: word as u16 })
    }
}

/// Runs inside V8 on the isolate's thread, between two instructions of JavaScript. `data` is a packed
/// [`Wanted`], or null for whatever runs.
pub(super) unsafe extern "C" fn on_interrupt(isolate: &mut v8::Isolate, data: *mut c_void) {
    let wanted = Wanted::unpack(data);
    let Some(slot) = InterruptSlot::of(isolate) else { return };
    let running = running(isolate);
    let ledger = &slot.ledger;
    let is_over = |wanted: &Wanted| {
        let attempt = ledger.in_flight.attempt_of(wanted.ticket);
        attempt.is_none_or(|attempt| attempt as u16 != wanted.attempt)
    };
    if ledger.is_signalling() || wanted.as_ref().is_some_and(is_over) {
        return;
    }
    if ledger.holds(data) {
        return;
    }
    let wanted = wanted.map(|wanted| wanted.ticket);
    // Stray code, such as a timer that a module set while it was loaded, runs as no task in flight:
    // it holds the thread that the wanted task needs.
    let stray = running.is_none_or(|running| !ledger.is_in_flight(running));
    if wanted.is_none() || running == wanted || stray {
        end(isolate, ledger, wanted.or(running));
    }
}

/// The answer to [`Interrupter::ask`].
unsafe extern "C" fn on_pulse(isolate: &mut v8::Isolate, _: *mut c_void) {
    let Some(slot) = InterruptSlot::of(isolate) else { return };
    let ledger = &slot.ledger;
    let mut memory = ledger.buffers.look(isolate);
    if ledger.buffers.is_over(memory) {
        // What is over the limit may be garbage.
        isolate.memory_pressure_notification(v8::MemoryPressureLevel::Critical);
        memory = ledger.buffers.look(isolate);
    }
    slot.pulse.answer(memory);
    let running = running(isolate);
    let over = running.filter(|ticket| !ledger.is_in_flight(*ticket));
    // Twice in a row: what a task that is over has left behind runs on, and nobody waits for it.
    if ledger.lingering.replace(over) == over && over.is_some() {
        ledger.leftover.set(true);
        ledger.stopped.set(true);
        isolate.terminate_execution();
    } else if ledger.signals_too_long() {
        ledger.stopped.set(true);
        isolate.terminate_execution();
    } else if ledger.buffers.is_over(memory) && !ledger.is_signalling() {
        ledger.out_of_memory.set(true);
        if !ledger.holds(std::ptr::null_mut()) {
            end(isolate, ledger, running);
        }
    }
}

/// After V8 has collected garbage thoroughly: it does so now and then while memory outside the heap
/// grows, too, and nobody asks between two short tasks.
pub(super) unsafe extern "C" fn on_collected(
    isolate: *mut v8::Isolate,
    _: v8::GCType,
    _: v8::GCCallbackFlags,
    _: *mut c_void,
) {
    // SAFETY: V8 calls this on the isolate's thread; only figures are read.
    let isolate = unsafe { &mut *isolate };
    let Some(slot) = InterruptSlot::of(isolate) else { return };
    slot.ledger.collections.set(slot.ledger.collections.get().wrapping_add(1));
    let buffers = &slot.ledger.buffers;
    let memory = buffers.look(isolate);
    if buffers.is_over(memory) && slot.pulse.ask() {
        isolate.thread_safe_handle().request_interrupt(on_pulse, std::ptr::null_mut());
    }
}

/// A buffer was refused. Where that was the last word, the task that asked for it ends, whether it
/// caught the error or not; if it does not run any more, `Isolate` sees to it.
pub(super) unsafe extern "C" fn on_refusal(isolate: &mut v8::Isolate, _: *mut c_void) {
    let Some(slot) = InterruptSlot::of(isolate) else { return };
    let ledger = &slot.ledger;
    ledger.buffers.interrupted();
    let refused = ledger.buffers.refusal();
    if refused.is_some_and(|ticket| ledger.is_in_flight(ticket))
        && refused == running(isolate)
        && !ledger.is_signalling()
    {
        ledger.out_of_memory.set(true);
        if !ledger.holds(std::ptr::null_mut()) {
            end(isolate, ledger, refused);
        }
    }
}

/// Ends what runs; the blame is on `ticket`, or on the task that waits longest.
fn end(isolate: &v8::Isolate, ledger: &Ledger, ticket: Option<u64>) {
    let blamed = ticket.or_else(|| ledger.in_flight.first());
    ledger.terminated.set(blamed);
    ledger.stopped.set(ledger.stopped.get() || blamed.is_none());
    isolate.terminate_execution();
}

/// The task whose code runs now, for callbacks that V8 gives nothing but the isolate.
pub(super) fn running(isolate: &mut v8::Isolate) -> Option<u64> {
    let slot = InterruptSlot::of(isolate)?;
    // SAFETY: V8 calls back on the isolate's thread with the isolate entered, which is what a callback
    // scope needs.
    let scope = &mut unsafe { v8::CallbackScope::new(isolate) };
    let scope = &mut v8::HandleScope::new(scope);
    let context = v8::Local::new(scope, &slot.context);
    let scope = &mut v8::ContextScope::new(scope, context);
    running_ticket(scope)
}

/// The task whose code runs now, from V8's continuation-preserved data.
pub(super) fn running_ticket(scope: &mut v8::HandleScope) -> Option<u64> {
    let data = scope.get_continuation_preserved_embedder_data();
    data.is_number().then(|| data.number_value(scope)).flatten().map(|ticket| ticket as u64)
}
