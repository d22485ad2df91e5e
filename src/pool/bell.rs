//! How a worker's thread is woken, whether it sleeps or turns its event loop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use deno_core::futures::task::AtomicWaker;
use parking_lot::Condvar;

/// One for each start of a worker. Its condition variable belongs to the pool's lock.
#[derive(Debug, Default)]
pub(super) struct Bell {
    pub idle: Condvar,
    pub event_loop: AtomicWaker,
    /// Orders are in the box. Set under the lock; the event loop reads it without.
    pub ordered: AtomicBool,
    /// A sign of life is wanted.
    asked: AtomicBool,
    answers: AtomicU64,
}

impl Bell {
    pub fn ring(&self) {
        self.event_loop.wake();
        self.idle.notify_one();
    }

    /// Wants a sign of life; the thread gives it when it is rung or comes by.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::Release);
    }

    /// Gives it.
    pub fn answer(&self) {
        if self.asked.load(Ordering::Relaxed) && self.asked.swap(false, Ordering::AcqRel) {
            self.answers.fetch_add(1, Ordering::Release);
        }
    }

    /// Returns how many were given.
    pub fn answers(&self) -> u64 {
        self.answers.load(Ordering::Acquire)
    }

    pub fn has_orders(&self) -> bool {
        self.ordered.load(Ordering::Acquire)
    }
}
