//! Events for listeners.
//!
//! They only inform: no decision of the scheduler depends on them.

use std::sync::Arc;
use std::time::Duration;

use super::task::TaskId;
use super::worker::exit::Exit;
use super::worker::id::{Generation, WorkerId};

/// Something that a listener may want to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    TaskStarted {
        task: TaskId,
        worker: WorkerId,
        attempt: u32,
        waited: Duration,
    },
    TaskCompleted {
        task: TaskId,
        worker: WorkerId,
        attempt: u32,
        ran: Duration,
    },
    /// An attempt failed; with `retried`, another one follows.
    TaskFailed {
        task: TaskId,
        worker: Option<WorkerId>,
        attempt: u32,
        retried: bool,
    },
    /// The attempt `attempt` starts after `delay`, as soon as a worker has room.
    TaskRetried {
        task: TaskId,
        attempt: u32,
        delay: Duration,
    },
    /// A task failed for good and was added to the dead letters, of which there are `dead_letters`
    /// now.
    TaskDeadLettered {
        task: TaskId,
        attempt: u32,
        dead_letters: usize,
    },
    /// A dead letter was removed for a newer one, or was too large to be kept.
    DeadLetterDropped {
        task: TaskId,
    },
    WorkerReady {
        worker: WorkerId,
        generation: Generation,
    },
    /// A worker gave no heartbeat for `silent_for`, with these tasks in flight.
    ZombieDetected {
        worker: WorkerId,
        generation: Generation,
        silent_for: Duration,
        tasks: Vec<TaskId>,
    },
    WorkerRestarted {
        worker: WorkerId,
        generation: Generation,
        after: Exit,
    },
    WorkerExited {
        worker: WorkerId,
        generation: Generation,
        exit: Exit,
    },
    /// A slot stays down after `failures` consecutive losses.
    WorkerDown {
        worker: WorkerId,
        failures: u32,
    },
    /// The number of workers grew; `automatic` if [`AutoScale`](super::AutoScale) decided it.
    ScaledUp {
        from: usize,
        to: usize,
        automatic: bool,
    },
    /// The number of workers shrank; `automatic` if [`AutoScale`](super::AutoScale) decided it.
    ScaledDown {
        from: usize,
        to: usize,
        automatic: bool,
    },
    /// A circuit breaker opened: `failures` consecutive attempts of this kind failed, or the attempt
    /// that was let through as a probe did.
    CircuitOpened {
        kind: Arc<str>,
        failures: u32,
        retry_after: Duration,
    },
    CircuitClosed {
        kind: Arc<str>,
    },
    /// The queue reached its limit. [`Event::Drain`] follows when it is empty again.
    Backpressure {
        depth: usize,
        limit: usize,
    },
    Drain,
}

/// Selects the events that every successful task causes. All others are always emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFilter {
    /// Emit [`Event::TaskStarted`].
    pub started: bool,
    /// Emit [`Event::TaskCompleted`].
    pub completed: bool,
}
