//! What an idle worker does to save memory, and when.
//!
//! Only decides what is due: the worker does it.

use std::time::{Duration, Instant};

/// Idle time after which a worker collects its garbage.
const IDLE: Duration = Duration::from_secs(2);

/// Time after that in which the workers that were started together have collected theirs, too.
const SETTLED: Duration = Duration::from_millis(250);

/// A step of the idle work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleStep {
    /// Releases the memory that tasks have left, once in each idle period.
    CollectGarbage,
    /// Releases the memory that the start of the isolate has left, once.
    ReleaseStartMemory,
}

/// The idle work of one isolate that is left to do.
pub struct IdleWork {
    has_garbage: bool,
    has_start_memory: bool,
}

/// The idle work of a new isolate. Loading the worker script leaves garbage, too.
impl Default for IdleWork {
    fn default() -> Self {
        Self { has_garbage: true, has_start_memory: true }
    }
}

impl IdleWork {
    /// Returns the next step, and when it is due.
    pub fn next(&self, idle_since: Instant) -> Option<(IdleStep, Instant)> {
        if self.has_garbage {
            return Some((IdleStep::CollectGarbage, idle_since + IDLE));
        }
        self.has_start_memory.then(|| (IdleStep::ReleaseStartMemory, idle_since + IDLE + SETTLED))
    }

    pub fn done(&mut self, step: IdleStep) {
        match step {
            IdleStep::CollectGarbage => self.has_garbage = false,
            IdleStep::ReleaseStartMemory => self.has_start_memory = false,
        }
    }

    /// Notes that a task has started.
    pub fn task_started(&mut self) {
        self.has_garbage = true;
    }
}
