//! The supervisor thread: it ticks the scheduler when a deadline is due.
//!
//! The only thread that waits for deadlines. Never runs a task.

use std::sync::Arc;
use std::time::Instant;

use super::shared::Shared;
use crate::isolate::trim_memory;

/// Runs until the pool is closed.
pub fn run(shared: &Arc<Shared>) {
    loop {
        let deferred = shared.state.lock().tick(Instant::now());
        shared.run_deferred(deferred);
        let mut state = shared.state.lock();
        if state.is_closed() {
            drop(state);
            trim_memory(true);
            return;
        }
        match state.supervisor_wakes_at() {
            Some(until) => {
                shared.earlier_deadline.wait_until(&mut state, until);
            }
            None => shared.earlier_deadline.wait(&mut state),
        }
    }
}
