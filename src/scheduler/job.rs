//! An accepted task together with what has become of it so far.

use std::sync::Arc;
use std::time::Duration;

use super::moment::{Moment, later};
use super::rules::Rules;
use super::{Priority, Task, TaskId, Timing};

/// Owned by the queue while it waits and by a flight while it runs. Settling consumes it, so that
/// no task can be settled twice.
#[derive(Debug)]
pub struct Job<P> {
    pub id: TaskId,
    pub payload: P,
    pub rules: Arc<Rules>,
    pub(super) submitted: Moment,
    /// Waits for a worker since, or not before.
    pub(super) due: Moment,
    /// Started and not given back.
    pub attempts: u32,
    pub priority: Priority,
    /// Once at least, be it given back or not.
    pub(super) was_started: bool,
}

impl<P> Job<P> {
    pub(super) fn new(task: Task<P>, rules: Arc<Rules>, now: Moment) -> Self {
        Self {
            id: task.id,
            payload: task.payload,
            rules,
            submitted: now,
            due: if task.delay.is_zero() { now } else { later(now, task.delay) },
            attempts: 0,
            priority: task.priority,
            was_started: false,
        }
    }

    /// When it has waited too long; `None` from its first start on.
    pub(super) fn expires(&self) -> Option<Moment> {
        let limit = self.rules.queue_timeout.filter(|_| !self.was_started)?;
        Some(later(self.due, limit))
    }

    /// Returns its times if it ends now. `started` is the start of its running attempt.
    pub(super) fn timing(&self, started: Option<Moment>, now: Moment) -> Timing {
        Timing {
            waited: started.unwrap_or(now).saturating_duration_since(self.due),
            ran: started.map_or(Duration::ZERO, |at| now.saturating_duration_since(at)),
            total: now.saturating_duration_since(self.submitted),
            attempts: self.attempts,
        }
    }
}

impl<P: Clone> Job<P> {
    /// Makes the task that it once was, to begin anew without a delay.
    pub(super) fn anew(&self, id: TaskId) -> Task<P> {
        let rules = &self.rules;
        Task {
            id,
            kind: rules.kind.clone(),
            priority: self.priority,
            delay: Duration::ZERO,
            timeout: rules.timeout,
            queue_timeout: rules.queue_timeout,
            retry: rules.retry,
            rested: rules.rested,
            payload: self.payload.clone(),
        }
    }
}
