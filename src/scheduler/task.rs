//! A task as it is submitted.

use std::sync::Arc;
use std::time::Duration;

use super::policy::retry::Retry;

/// Identifies a task.
///
/// An id is unique in a scheduler, and greater than the ids of all tasks that were submitted earlier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// The urgency of a task: 0 is the most urgent, 100 the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Priority(pub u8);

/// A task for [`Input::Submit`](super::Input::Submit).
#[derive(Clone, Debug)]
pub struct Task<P> {
    pub id: TaskId,
    /// The kind whose circuit breaker applies.
    pub kind: Arc<str>,
    pub priority: Priority,
    /// Minimum time between submission and the first start.
    pub delay: Duration,
    /// Limit of the run time of one attempt, from its start. `None` is unlimited.
    pub timeout: Option<Duration>,
    /// Limit of the time that it waits for its first start, from when it is due. `None` is unlimited.
    pub queue_timeout: Option<Duration>,
    pub retry: Retry,
    /// Assigns it to the worker that has been idle for the longest time.
    ///
    /// For tasks that consume what a worker prepares while it is idle.
    pub longest_idle_first: bool,
    pub payload: P,
}
