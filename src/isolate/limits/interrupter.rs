//! `Interrupter`: the handle of other threads to an isolate. It requests interrupts and touches
//! nothing else of the isolate.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use deno_core::v8;
use parking_lot::Mutex;

use crate::isolate::limits::heartbeat::Heartbeat;
use crate::isolate::limits::interrupt::{Target, on_heartbeat, on_interrupt};
use crate::isolate::limits::memory::Memory;

/// Terminates tasks of one isolate and requests its heartbeat, from any thread.
#[derive(Clone)]
pub struct Interrupter {
    isolate: v8::IsolateHandle,
    terminations: Arc<Terminations>,
    heartbeat: Arc<Heartbeat>,
}

/// The attempts to terminate. An attempt may not have started when its interrupt comes.
#[derive(Default)]
struct Terminations {
    /// The number of attempts, readable without the lock.
    count: AtomicUsize,
    attempts: Mutex<HashSet<(u64, u32)>>,
}

impl Interrupter {
    pub(in crate::isolate) fn new(isolate: &mut v8::Isolate) -> Self {
        let heartbeat = Arc::default();
        Self { isolate: isolate.thread_safe_handle(), terminations: Arc::default(), heartbeat }
    }

    /// Terminates this attempt of a task if its JavaScript runs now.
    ///
    /// A task that waits for the event loop is not affected, nor is any other task. V8's own
    /// termination is sticky and not bound to a task: a late one would terminate the next task.
    pub fn terminate(&self, ticket: u64, attempt: u32) {
        if self.terminations.attempts.lock().insert((ticket, attempt)) {
            self.terminations.count.fetch_add(1, Ordering::SeqCst);
        }
        self.isolate.request_interrupt(on_interrupt, Target::pack(ticket, attempt));
    }

    /// Terminates whatever runs, for an isolate that is not used again.
    pub fn terminate_all(&self) {
        self.isolate.terminate_execution();
    }

    /// Requests a heartbeat. Does nothing while a request is open.
    ///
    /// V8 answers within a loop, a regular expression or WebAssembly. It does not answer while the
    /// thread is in native code, waits, or has no JavaScript to run. The answer reports the memory
    /// in use, and terminates the current task where heap and external memory together exceed the
    /// limit.
    pub fn request_heartbeat(&self) {
        if self.heartbeat.request() {
            self.isolate.request_interrupt(on_heartbeat, std::ptr::null_mut());
        }
    }

    /// Returns the number of heartbeats that V8 has answered.
    pub fn heartbeats(&self) -> u64 {
        self.heartbeat.answers()
    }

    /// Returns the memory in use at the last heartbeat; zeros before the first.
    pub fn sampled(&self) -> Memory {
        self.heartbeat.sampled()
    }

    pub(in crate::isolate) fn heartbeat(&self) -> Arc<Heartbeat> {
        self.heartbeat.clone()
    }

    /// Whether an attempt must end as soon as it starts.
    pub(in crate::isolate) fn is_terminated(&self, ticket: u64, attempt: u32) -> bool {
        self.terminations.count.load(Ordering::SeqCst) > 0
            && self.terminations.attempts.lock().contains(&(ticket, attempt))
    }

    /// Removes an attempt that is over.
    pub(in crate::isolate) fn forget(&self, ticket: u64, attempt: u32) {
        if self.terminations.attempts.lock().remove(&(ticket, attempt)) {
            self.terminations.count.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Terminates the current task. Called on the isolate's own thread.
    pub(in crate::isolate) fn terminate_current(&self) {
        self.isolate.request_interrupt(on_interrupt, std::ptr::null_mut());
    }
}
