//! The thread that holds the clock: it ticks the scheduler when a deadline is due.

use std::sync::Arc;
use std::time::Instant;

use super::Shared;
use crate::isolate::trim_memory;

/// Runs until the pool is closed.
pub(super) fn run(shared: &Arc<Shared>) {
    loop {
        let calls = shared.heart.lock().tick(Instant::now());
        shared.make(calls);
        let mut heart = shared.heart.lock();
        if heart.is_closed() {
            drop(heart);
            trim_memory(true);
            return;
        }
        match heart.planned() {
            Some(until) => {
                shared.alarm.wait_until(&mut heart, until);
            }
            None => shared.alarm.wait(&mut heart),
        }
    }
}
