//! The durations of a settled task.

use std::time::Duration;

/// Durations of a settled task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Time from when the task was due (by its submission, or by the end of a delay or backoff) to its
    /// last start, or to its settlement if it was waiting.
    pub waited: Duration,
    /// Run time of the last attempt; zero if the task was waiting.
    pub ran: Duration,
    /// Time from submission to settlement.
    pub total: Duration,
    /// Number of attempts that were started, without those given back because another task killed
    /// the worker.
    pub attempts: u32,
}
