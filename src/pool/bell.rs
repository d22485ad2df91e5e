//! How a worker's thread is woken, whether it sleeps or turns its event loop.

use std::sync::atomic::{AtomicBool, Ordering};

use deno_core::futures::task::AtomicWaker;
use parking_lot::Condvar;

/// One for each start of a worker. Its condition variable belongs to the pool's lock.
#[derive(Debug, Default)]
pub(super) struct Bell {
    pub idle: Condvar,
    pub event_loop: AtomicWaker,
    /// Orders are in the box. Set under the lock; the event loop reads it without.
    pub ordered: AtomicBool,
}

impl Bell {
    pub fn ring(&self) {
        self.event_loop.wake();
        self.idle.notify_one();
    }

    pub fn has_orders(&self) -> bool {
        self.ordered.load(Ordering::Acquire)
    }
}
