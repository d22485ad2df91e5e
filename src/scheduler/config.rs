//! The configuration of a scheduler. It does not change after [`Scheduler::new`](super::Scheduler::new).

use std::time::Duration;

use super::policy::balance::Balance;
use super::policy::breaker::BreakerRules;
use super::policy::dead_letters::DeadLetterLimits;

/// Configures a scheduler.
#[derive(Clone, Debug)]
pub struct Config {
    /// Number of workers at the start. Every size is clamped to `min_workers..=max_workers`, and to
    /// at least one.
    pub size: usize,
    pub min_workers: usize,
    pub max_workers: usize,
    /// Number of attempts that one worker may have in flight.
    pub tasks_per_worker: usize,
    /// Limit of waiting tasks, including delayed ones and retries. A retry is never refused.
    pub max_queue: usize,
    pub balance: Balance,
    /// Time between the signal to an aborted task and its forced end.
    pub abort_grace: Duration,
    /// Time between a forced end that is not answered and the abandonment of the worker.
    pub terminate_grace: Duration,
    /// Number of tasks after which a worker is replaced.
    pub max_tasks_per_worker: Option<u64>,
    /// Whether lost workers are replaced.
    pub auto_restart: bool,
    /// Number of consecutive losses, without a finished task in between, after which a slot stays
    /// down.
    pub max_restart_attempts: u32,
    /// Time between a loss and the replacement, for the second and later consecutive losses.
    pub restart_cooldown: Duration,
    /// Number of abandoned workers that have not come back from which on lost workers are no longer
    /// replaced, because each of them keeps its memory.
    pub max_abandoned: usize,
    /// Time between two heartbeat requests. It is shortened so that `zombie_threshold` holds at least
    /// four of them.
    pub heartbeat: Duration,
    /// Time without a heartbeat after which a worker is a zombie.
    pub zombie_threshold: Duration,
    pub dead_letters: DeadLetterLimits,
    /// Circuit breakers; `None` disables them.
    pub breaker: Option<BreakerRules>,
    /// Automatic scaling; `None` disables it.
    pub auto_scale: Option<AutoScale>,
    /// Seed of the jitter of retries.
    pub seed: u64,
}

/// Configures when the scheduler changes the number of workers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AutoScale {
    /// Number of tasks waiting for a worker from which on workers are added.
    pub queue_depth: usize,
    /// Time without a task after which a worker is removed.
    pub idle: Duration,
    /// Minimum time between two changes.
    pub cooldown: Duration,
}
