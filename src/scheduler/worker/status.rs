//! The status of a worker.
//!
//! A copy for readers; the slot itself stays private.

use std::time::Instant;

use super::exit::Exit;
use super::id::{Generation, WorkerId};

/// The state of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkerState {
    /// Told to start.
    Starting,
    /// Takes tasks.
    Ready,
    /// Takes no more tasks, and finishes those that it has.
    Draining,
    /// Told to end.
    Retiring,
    /// Lost; replaced after the restart cooldown.
    Cooling,
    /// Lost too often; stays so until [`Input::Restart`](crate::scheduler::Input::Restart).
    Down,
    /// Neither wanted nor running.
    Gone,
}

/// The status of one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerView {
    pub worker: WorkerId,
    pub generation: Generation,
    pub state: WorkerState,
    /// Attempts that it has not answered, including those of settled tasks.
    pub in_flight: usize,
    /// Attempts that it answered, in all generations.
    pub tasks_done: u64,
    /// Consecutive losses without a finished task.
    pub failures: u32,
    /// Starts of this slot.
    pub started: u32,
    /// How the previous generation ended.
    pub last_exit: Option<Exit>,
    /// When its latest heartbeat was noticed.
    pub last_heartbeat: Instant,
}
