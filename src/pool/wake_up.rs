//! Wakes the thread of a worker, whether it sleeps or polls its event loop, and collects its heartbeats.
//!
//! Never takes the lock of the pool: it is used with the lock and without it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use futures_util::task::AtomicWaker;
use parking_lot::Condvar;

/// The wake-up of one generation of a worker.
#[derive(Debug, Default)]
pub struct WakeUp {
    /// Waits for orders. It belongs to the pool's lock.
    pub idle: Condvar,
    pub event_loop: AtomicWaker,
    /// Whether orders are in the mailbox. Set under the pool's lock; the event loop reads it without.
    pub orders_pending: AtomicBool,
    heartbeat_requested: AtomicBool,
    heartbeats: AtomicU64,
}

impl WakeUp {
    pub fn wake(&self) {
        self.event_loop.wake();
        self.idle.notify_one();
    }

    /// Requests a heartbeat. The thread gives it once it is woken or passes by.
    pub fn request_heartbeat(&self) {
        self.heartbeat_requested.store(true, Ordering::Release);
    }

    /// Gives a heartbeat if one is requested.
    pub fn answer_heartbeat(&self) {
        if self.heartbeat_requested.load(Ordering::Relaxed)
            && self.heartbeat_requested.swap(false, Ordering::AcqRel)
        {
            self.heartbeats.fetch_add(1, Ordering::Release);
        }
    }

    /// Returns the number of heartbeats given.
    pub fn heartbeats(&self) -> u64 {
        self.heartbeats.load(Ordering::Acquire)
    }

    pub fn has_orders(&self) -> bool {
        self.orders_pending.load(Ordering::Acquire)
    }
}
