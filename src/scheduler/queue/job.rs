//! An accepted task and its progress.
//!
//! Options are shared with other jobs, so that a waiting one stays small.

use std::sync::Arc;
use std::time::Duration;

use super::task_options::TaskOptions;
use crate::scheduler::task::{Priority, Task, TaskId};
use crate::scheduler::timestamp::Timestamp;
use crate::scheduler::timing::Timing;

/// An accepted task that is not settled.
///
/// The queue owns it while it waits, and an attempt in flight while it runs. Settling consumes it, so that
/// no task can be settled twice.
#[derive(Debug)]
pub struct Job<P> {
    pub id: TaskId,
    pub payload: P,
    pub options: Arc<TaskOptions>,
    pub(in crate::scheduler) submitted: Timestamp,
    /// Since when it waits for a worker, or, if in the future, before when it must not start.
    pub(in crate::scheduler) due: Timestamp,
    /// Attempts that were started and not given back.
    pub attempts: u32,
    pub priority: Priority,
    /// Whether an attempt was ever started, also if it was given back.
    pub(in crate::scheduler) was_started: bool,
}

impl<P> Job<P> {
    pub(in crate::scheduler) fn new(
        task: Task<P>,
        options: Arc<TaskOptions>,
        now: Timestamp,
    ) -> Self {
        Self {
            id: task.id,
            payload: task.payload,
            options,
            submitted: now,
            due: if task.delay.is_zero() { now } else { now.saturating_add(task.delay) },
            attempts: 0,
            priority: task.priority,
            was_started: false,
        }
    }

    /// Returns when its queue timeout expires; `None` from its first start on.
    pub(in crate::scheduler) fn expires(&self) -> Option<Timestamp> {
        let limit = self.options.queue_timeout.filter(|_| !self.was_started)?;
        Some(self.due.saturating_add(limit))
    }

    /// Returns its durations if it ends now. `started` is the start of its running attempt.
    pub(in crate::scheduler) fn timing(
        &self,
        started: Option<Timestamp>,
        now: Timestamp,
    ) -> Timing {
        Timing {
            waited: started.unwrap_or(now).saturating_duration_since(self.due),
            ran: started.map_or(Duration::ZERO, |at| now.saturating_duration_since(at)),
            total: now.saturating_duration_since(self.submitted),
            attempts: self.attempts,
        }
    }
}

impl<P: Clone> Job<P> {
    /// Returns the original task with a new id and without a delay, to be submitted again.
    pub(in crate::scheduler) fn to_task(&self, id: TaskId) -> Task<P> {
        let options = &self.options;
        Task {
            id,
            kind: options.kind.clone(),
            priority: self.priority,
            delay: Duration::ZERO,
            timeout: options.timeout,
            queue_timeout: options.queue_timeout,
            retry: options.retry,
            longest_idle_first: options.longest_idle_first,
            payload: self.payload.clone(),
        }
    }
}
