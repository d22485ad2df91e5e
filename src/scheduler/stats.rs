//! The counters of a scheduler.

/// Counters since the start, and gauges of the current state.
///
/// Each submitted task is counted in exactly one of `completed`, `failed`, `timed_out`, `aborted`,
/// `rejected`, `queued`, `delayed` and `running`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub submitted: u64,
    pub completed: u64,
    /// Tasks that failed for good: they threw, exceeded their memory, lost their worker or met an open
    /// circuit breaker.
    pub failed: u64,
    /// Attempts that were followed by another one.
    pub retried: u64,
    /// Tasks that timed out for good, waiting or running.
    pub timed_out: u64,
    /// Tasks aborted by their callers or by the shutdown.
    pub aborted: u64,
    /// Tasks refused at their submission.
    pub rejected: u64,
    /// Tasks that are due and wait for a worker.
    pub queued: usize,
    /// Tasks that are not yet due: delayed, or waiting for a retry.
    pub delayed: usize,
    /// Tasks that are started and not settled.
    pub running: usize,
    pub dead_letters: usize,
    pub dead_letters_dropped: u64,
    pub workers_spawned: u64,
    pub workers_restarted: u64,
    /// Zombies since the start.
    pub zombies_detected: u64,
    /// Zombies whose thread has not come back.
    pub zombies: usize,
    /// Workers whose isolate stays in the process, including the zombies.
    pub abandoned: usize,
    pub circuits_opened: u64,
}
