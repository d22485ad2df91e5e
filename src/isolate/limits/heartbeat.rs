//! `Heartbeat`: the state of heartbeat requests, and the memory that V8's answers report.
//! `Interrupter` requests a heartbeat; `interrupt.rs` answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use deno_core::v8;

use crate::isolate::limits::memory::Memory;

/// Shared by the isolate's thread and those that request heartbeats. A slot of the isolate.
#[derive(Default)]
pub struct Heartbeat {
    /// Whether a request is open.
    requested: AtomicBool,
    answers: AtomicU64,
    heap_used: AtomicUsize,
    heap_limit: AtomicUsize,
    external: AtomicUsize,
}

impl Heartbeat {
    /// Returns the heartbeat of this isolate; `None` before its callbacks are installed.
    pub fn of(isolate: &v8::Isolate) -> Option<Arc<Self>> {
        isolate.get_slot::<Arc<Self>>().cloned()
    }

    /// Opens a request. Returns false where one is open.
    pub fn request(&self) -> bool {
        !self.requested.swap(true, Ordering::AcqRel)
    }

    /// Answers the open request with the memory in use now.
    pub fn answer(&self, memory: Memory) {
        self.heap_used.store(memory.heap_used, Ordering::Relaxed);
        self.heap_limit.store(memory.heap_limit, Ordering::Relaxed);
        self.external.store(memory.external, Ordering::Relaxed);
        self.answers.fetch_add(1, Ordering::Release);
        self.requested.store(false, Ordering::Release);
    }

    /// Returns the number of answers so far.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Acquire)
    }

    /// Returns the memory in use at the last answer.
    pub fn sampled(&self) -> Memory {
        Memory {
            heap_used: self.heap_used.load(Ordering::Relaxed),
            heap_limit: self.heap_limit.load(Ordering::Relaxed),
            external: self.external.load(Ordering::Relaxed),
        }
    }
}
