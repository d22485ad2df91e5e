//! A dead letter, as the pool hands it out.
//!
//! A copy: it holds no reference to the scheduler, so that it outlives the lock.

use std::time::{Duration, Instant};

use super::delivery::Answer;
use crate::isolate::Job;
use crate::scheduler::{self, Failure, Priority, TaskId, WorkerId};

/// A task that failed for good. Its times are relative to now.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub task: TaskId,
    pub job: Job,
    pub priority: Priority,
    /// Attempts that were started and not given back.
    pub attempts: u32,
    /// How long ago it was submitted.
    pub submitted: Duration,
    /// How long ago it failed.
    pub failed: Duration,
    /// Oldest first.
    pub errors: Vec<DeadLetterError>,
}

/// The failure of an attempt, or of a task that never started.
#[derive(Clone, Debug)]
pub struct DeadLetterError {
    pub attempt: u32,
    pub failure: Failure<Answer>,
    pub worker: Option<WorkerId>,
    /// How long ago it failed.
    pub at: Duration,
}

impl DeadLetter {
    /// Copies a dead letter of the scheduler.
    pub(super) fn of(letter: &scheduler::DeadLetter<Job, Answer>, now: Instant) -> Self {
        let ago = |at: Instant| now.saturating_duration_since(at);
        let errors = letter.failures.iter().map(|failed| DeadLetterError {
            attempt: failed.attempt,
            failure: failed.failure.clone(),
            worker: failed.worker,
            at: ago(failed.at),
        });
        let job = &letter.job;
        Self {
            task: job.id,
            job: job.payload.clone(),
            priority: job.priority,
            attempts: job.attempts,
            submitted: ago(letter.submitted),
            failed: ago(letter.failed_at),
            errors: errors.collect(),
        }
    }
}
