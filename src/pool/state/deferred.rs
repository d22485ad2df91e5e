//! What is done after the pool's lock is released.
//!
//! Collected under the lock, so that decisions keep their order; never run under it.

use std::sync::Arc;

use crate::isolate::{Interrupter, Reply};
use crate::pool::wake_up::WakeUp;
use crate::scheduler::{Generation, TaskId, WorkerId};

/// Actions that are deferred until the pool's lock is released.
#[derive(Default)]
#[must_use]
pub struct Deferred {
    pub wake_javascript: bool,
    pub wake_supervisor: bool,
    /// Wake the threads that wait for the end of the pool.
    pub closed: bool,
    pub wake: Vec<Arc<WakeUp>>,
    pub terminate: Vec<(Interrupter, TaskId, u32)>,
    pub terminate_all: Vec<Interrupter>,
    pub request_heartbeat: Vec<Interrupter>,
    pub spawn: Vec<(WorkerId, Generation, Arc<WakeUp>)>,
    /// Replies that are no longer wanted. Dropping them wakes isolates.
    pub dropped_replies: Vec<Reply>,
}

impl Deferred {
    /// Returns whether there is nothing to do, as after most tasks.
    pub fn is_empty(&self) -> bool {
        let Self {
            wake_javascript,
            wake_supervisor,
            closed,
            wake,
            terminate,
            terminate_all,
            request_heartbeat,
            spawn,
            dropped_replies,
        } = self;
        !(*wake_javascript || *wake_supervisor || *closed)
            && wake.is_empty()
            && (terminate.is_empty() && terminate_all.is_empty() && request_heartbeat.is_empty())
            && (spawn.is_empty() && dropped_replies.is_empty())
    }
}
