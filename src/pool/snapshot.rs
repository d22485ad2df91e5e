//! The state of a pool, for readers.
//!
//! A copy: it holds no reference to the scheduler, so that it outlives the lock.

use std::time::Duration;

use crate::isolate::Memory;
use crate::metrics::Figures;
use crate::scheduler::{BreakerView, Priority, Stats, WorkerView};

/// The state of a pool at one point in time.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub stats: Stats,
    pub figures: Figures,
    pub workers: Vec<(WorkerView, Memory)>,
    pub by_priority: Vec<(Priority, usize)>,
    pub oldest_wait: Option<Duration>,
    pub uptime: Duration,
    /// Panics of isolate threads since the start.
    pub panics: u64,
    /// Isolates lost to fatal errors of V8, such as a lack of memory, since the start.
    pub fatal_errors: u64,
    /// Isolates that replaced another one on the same thread, since the start.
    pub renewed: u64,
    /// Circuit breakers that have recorded a failure.
    pub breakers: Vec<BreakerView>,
    /// Number of workers wanted.
    pub size: usize,
    /// Host calls that wait for an answer.
    pub open_calls: usize,
    /// Attempts in flight that have called the parent.
    pub callers: usize,
}
