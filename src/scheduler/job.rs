//! An accepted task together with what has become of it so far.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Priority, Retry, Task, TaskId, Timing};

/// Owned by the queue while it waits and by a flight while it runs. Settling consumes it, so that
/// no task can be settled twice.
#[derive(Debug)]
pub struct Job<P> {
    pub id: TaskId,
    pub kind: Arc<str>,
    pub priority: Priority,
    /// Run time of one attempt.
    pub timeout: Option<Duration>,
    pub queue_timeout: Option<Duration>,
    /// When it has waited too long; `None` from its first start on.
    pub expires: Option<Instant>,
    pub retry: Retry,
    pub rested: bool,
    pub payload: P,
    pub submitted: Instant,
    /// Waits for a worker since, or not before.
    pub due: Instant,
    /// Started and not given back.
    pub attempts: u32,
}

impl<P> Job<P> {
    pub fn new(task: Task<P>, now: Instant) -> Self {
        let due = later(now, task.delay);
        Self {
            id: task.id,
            kind: task.kind,
            priority: task.priority,
            timeout: task.timeout,
            queue_timeout: task.queue_timeout,
            expires: task.queue_timeout.map(|limit| later(due, limit)),
            retry: task.retry,
            rested: task.rested,
            payload: task.payload,
            submitted: now,
            due,
            attempts: 0,
        }
    }

    /// Returns its times if it ends now. `started` is the start of its running attempt.
    pub fn timing(&self, started: Option<Instant>, now: Instant) -> Timing {
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
    pub fn anew(&self, id: TaskId) -> Task<P> {
        Task {
            id,
            kind: self.kind.clone(),
            priority: self.priority,
            delay: Duration::ZERO,
            timeout: self.timeout,
            queue_timeout: self.queue_timeout,
            retry: self.retry,
            rested: self.rested,
            payload: self.payload.clone(),
        }
    }
}

/// Returns the instant `span` after `from`, at most some 30 years away.
pub fn later(from: Instant, span: Duration) -> Instant {
    // Tokio's "far future": 1000 years overflow on macOS, 100 years on FreeBSD.
    const FAR: Duration = Duration::from_secs(86_400 * 365 * 30);
    from.checked_add(span.min(FAR)).unwrap_or(from)
}
