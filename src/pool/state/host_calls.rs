//! The calls of tasks to the parent.
//!
//! Only routes them: what they do is up to the parent.

use super::deferred::Deferred;
use super::state::PoolState;
use crate::isolate::{HostCall, Reply};
use crate::pool::delivery::Delivery;
use crate::scheduler::{Generation, TaskId, WorkerId};

impl PoolState {
    /// Delivers a call of a task, and returns whether JavaScript has to be woken. The call of an abandoned
    /// worker is dropped.
    pub fn host_call(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        call: HostCall,
        reply: Reply,
    ) -> bool {
        if self.worker_handle(worker, generation).is_none() {
            return false;
        }
        let attempt = (TaskId(call.ticket), call.attempt);
        let id = self.callers.add(worker, generation, attempt, reply);
        self.deliveries.push(Delivery::Call { id, worker, call });
        self.outbox.post(&mut self.deliveries, 0)
    }

    /// Takes the reply of a call; `None` if the task no longer waits for it.
    pub fn take_reply(&mut self, call: u64) -> Option<Reply> {
        self.callers.take(call)
    }

    /// Drops the open calls of an attempt that has ended.
    pub(super) fn end_caller(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        (task, attempt): (TaskId, u32),
        deferred: &mut Deferred,
    ) {
        if let Some(replies) = self.callers.end(worker, generation, (task, attempt)) {
            deferred.dropped_replies.extend(replies);
            self.deliveries.push(Delivery::CallerOver { task, attempt });
        }
    }

    /// Drops the open calls of all attempts of a worker.
    pub(super) fn end_callers_of(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        deferred: &mut Deferred,
    ) {
        for attempt in self.callers.of(worker, generation) {
            self.end_caller(worker, generation, attempt, deferred);
        }
    }
}
