//! The heartbeats of the workers, and the memory that their isolates measure with them.
//!
//! Only collects them: which worker is a zombie is decided by the scheduler.

use std::time::Instant;

use super::deferred::Deferred;
use super::state::{MEMORY_CHECK_INTERVAL, PoolState};
use crate::isolate::Job;
use crate::pool::delivery::Answer;
use crate::scheduler::{Input, WorkerId};

impl PoolState {
    /// Returns the heartbeats that the workers gave since the last call.
    pub(super) fn take_heartbeats(&mut self) -> Vec<Input<Job, Answer>> {
        let mut heartbeats = Vec::new();
        for (worker, handle) in (0..).map(WorkerId).zip(&mut self.handles) {
            if handle.take_heartbeat() {
                heartbeats.push(Input::Heartbeat { worker, generation: handle.generation });
                let alert = handle.threshold_alert(worker, self.memory_threshold);
                self.deliveries.extend(alert);
            }
        }
        heartbeats
    }

    /// Makes the isolates of long tasks measure their memory, and terminates abandoned workers again.
    pub(super) fn check_memory(&mut self, now: Instant, deferred: &mut Deferred) {
        if self.next_memory_check.is_none_or(|at| at > now) {
            return;
        }
        let mut busy = false;
        for view in self.scheduler.workers().filter(|view| view.in_flight > 0) {
            let Some(handle) = self.handles.get_mut(view.worker.0 as usize) else { continue };
            busy = true;
            if handle.is_unchanged() {
                deferred.request_heartbeat.extend(handle.interrupter.clone());
            }
        }
        let abandoned = self.abandoned.iter().map(|it| it.interrupter.clone());
        deferred.terminate_all.extend(abandoned);
        let is_needed = busy || !self.abandoned.is_empty();
        self.next_memory_check = is_needed.then(|| now + MEMORY_CHECK_INTERVAL);
    }
}
