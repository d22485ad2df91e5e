//! The results of attempts and tasks.
//!
//! The error of the user is opaque.

use std::time::Duration;

/// The result of one attempt, as its worker reports it.
#[derive(Clone, Debug)]
pub enum Outcome<R> {
    Done(R),
    /// The task threw. `retryable` is false if another attempt would fail in the same way.
    Failed {
        error: R,
        retryable: bool,
    },
    /// The attempt was ended by [`Effect::Interrupt`](super::Effect::Interrupt).
    Interrupted,
    /// The attempt exceeded the memory limit of its isolate.
    MemoryLimit,
}

/// The reason why a task failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure<R> {
    /// The task threw on its last attempt.
    Failed(R),
    QueueFull {
        limit: usize,
    },
    QueueTimeout {
        waited: Duration,
    },
    Timeout {
        limit: Duration,
    },
    MemoryLimit,
    Aborted,
    WorkerLost,
    /// Tasks of this kind failed too often. The circuit breaker lets the next one through after
    /// `retry_after`.
    CircuitOpen {
        retry_after: Duration,
    },
    Closed,
}
