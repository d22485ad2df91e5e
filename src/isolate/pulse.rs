//! The sign of life that another thread asks an isolate for.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::Memory;

/// What an isolate's thread and those that ask share.
#[derive(Default)]
pub(super) struct Pulse {
    /// A question is open.
    asked: AtomicBool,
    answers: AtomicU64,
    heap_used: AtomicUsize,
    heap_limit: AtomicUsize,
    external: AtomicUsize,
}

impl Pulse {
    /// Opens a question; false where one is open.
    pub fn ask(&self) -> bool {
        !self.asked.swap(true, Ordering::AcqRel)
    }

    pub fn answer(&self, memory: Memory) {
        self.heap_used.store(memory.heap_used, Ordering::Relaxed);
        self.heap_limit.store(memory.heap_limit, Ordering::Relaxed);
        self.external.store(memory.external, Ordering::Relaxed);
        self.answers.fetch_add(1, Ordering::Release);
        self.asked.store(false, Ordering::Release);
    }

    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Acquire)
    }

    pub fn sampled(&self) -> Memory {
        Memory {
            heap_used: self.heap_used.load(Ordering::Relaxed),
            heap_limit: self.heap_limit.load(Ordering::Relaxed),
            external: self.external.load(Ordering::Relaxed),
        }
    }
}
