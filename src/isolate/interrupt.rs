//! How another thread ends a task: an interrupt that looks at who is running before it ends anything.

use std::collections::HashSet;
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deno_core::v8;
use parking_lot::Mutex;

use super::ledger::Ledger;

/// The isolate's ledger and realm, for callbacks that V8 gives nothing but the isolate.
pub(super) struct InterruptSlot {
    pub ledger: Rc<Ledger>,
    pub context: v8::Global<v8::Context>,
}

/// Ends tasks of one isolate from any thread.
#[derive(Clone)]
pub struct Interrupter {
    isolate: v8::IsolateHandle,
    doomed: Arc<Doomed>,
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

    pub(super) fn of(isolate: &mut v8::Isolate) -> Self {
        Self { isolate: isolate.thread_safe_handle(), doomed: Arc::default() }
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
unsafe extern "C" fn on_interrupt(isolate: &mut v8::Isolate, data: *mut c_void) {
    let wanted = Wanted::unpack(data);
    let Some(slot) = isolate.get_slot::<Rc<InterruptSlot>>().cloned() else { return };
    let running = {
        // SAFETY: V8 calls this on the isolate's thread with the isolate entered, which is what a
        // callback scope needs.
        let scope = &mut unsafe { v8::CallbackScope::new(&mut *isolate) };
        let scope = &mut v8::HandleScope::new(scope);
        let context = v8::Local::new(scope, &slot.context);
        let scope = &mut v8::ContextScope::new(scope, context);
        running_ticket(scope)
    };
    let ledger = &slot.ledger;
    let in_flight = ledger.in_flight.borrow();
    let is_over = |wanted: &Wanted| {
        !in_flight
            .iter()
            .any(|(ticket, attempt)| *ticket == wanted.ticket && *attempt as u16 == wanted.attempt)
    };
    if ledger.signalling.get() || wanted.as_ref().is_some_and(is_over) {
        return;
    }
    let wanted = wanted.map(|wanted| wanted.ticket);
    // Stray code, such as a timer that a module set while it was loaded, runs as no task in flight:
    // it holds the thread that the wanted task needs.
    let stray =
        running.is_none_or(|running| !in_flight.iter().any(|(ticket, _)| *ticket == running));
    if wanted.is_none() || running == wanted || stray {
        let first = in_flight.first().map(|(ticket, _)| *ticket);
        ledger.terminated.set(wanted.or(running).or(first));
        isolate.terminate_execution();
    }
}

/// The task whose code runs now, from V8's continuation-preserved data.
pub(super) fn running_ticket(scope: &mut v8::HandleScope) -> Option<u64> {
    let data = scope.get_continuation_preserved_embedder_data();
    data.is_number().then(|| data.number_value(scope)).flatten().map(|ticket| ticket as u64)
}
