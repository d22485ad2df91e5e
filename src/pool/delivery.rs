//! What goes to JavaScript.

use crate::isolate::{ConsoleLine, Fault, LoadError};
use crate::scheduler::{Event, Failure, TaskId, Timing, WorkerId};

/// What a task gave: the scheduler's opaque result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// In the wire format.
    Value(Vec<u8>),
    Fault(Fault),
}

/// A message to JavaScript.
#[derive(Debug)]
pub enum Delivery {
    Settled {
        task: TaskId,
        result: Result<Answer, Failure<Answer>>,
        timing: Timing,
    },
    Event(Event),
    Console {
        worker: WorkerId,
        line: ConsoleLine,
    },
    /// A worker could not load its script.
    LoadFailed {
        worker: WorkerId,
        error: LoadError,
    },
    /// Console lines were dropped because nobody collected them.
    ConsoleDropped {
        lines: u64,
    },
    /// All tasks are settled and all workers gone.
    Closed,
}

/// Deliveries that are so frequent that they are made only where somebody listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    TaskStarted,
    TaskCompleted,
    Console,
}

impl Topic {
    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }
}
