//! The messages to JavaScript.
//!
//! They own their content, so that they outlive the lock.

use crate::isolate::{ConsoleLine, Fault, HostCall, Job, LoadError, Memory, MovedBuffers, Work};
use crate::scheduler::{Event, Failure, TaskId, Timing, Weigh, WorkerId};

/// The result of a task, which is opaque to the scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A value in the wire format.
    Value(Vec<u8>),
    /// A value in the wire format that refers to moved buffers by their numbers.
    Moved(Vec<u8>, MovedBuffers),
    Fault(Fault),
}

impl Weigh for Answer {
    fn weight(&self) -> usize {
        match self {
            Self::Value(bytes)
            | Self::Moved(bytes, _)
            | Self::Fault(Fault { error: bytes, .. }) => bytes.len(),
        }
    }
}

impl Weigh for Job {
    fn weight(&self) -> usize {
        let text = match &self.plan.work {
            // Shared by all tasks of the type.
            Work::Handler(_) => 0,
            Work::Code(code) => code.text.len(),
        };
        let name = self.plan.name.as_ref().map_or(0, |name| name.len());
        size_of::<Self>() + text + name + self.value.len() + self.plan.buffers.weight()
    }
}

/// A message to JavaScript.
#[derive(Debug)]
pub enum Delivery {
    Settled {
        task: TaskId,
        result: Result<Answer, Failure<Answer>>,
        timing: Timing,
        /// Whether the task was added to the dead letters.
        dead_lettered: bool,
    },
    Event(Event),
    /// A task calls the parent, and waits for the answer to the call `id`.
    Call {
        id: u64,
        worker: WorkerId,
        call: HostCall,
    },
    /// An attempt that has called the parent has ended: it no longer waits for answers.
    CallerOver {
        task: TaskId,
        attempt: u32,
    },
    Console {
        worker: WorkerId,
        line: ConsoleLine,
    },
    /// A worker could not load its script.
    LoadFailed {
        worker: WorkerId,
        error: LoadError,
    },
    /// A worker was lost to a fault of V8 or of this crate.
    Crashed {
        worker: WorkerId,
        message: String,
    },
    /// An isolate takes more memory than the threshold, or its task took more than the limit.
    MemoryAlert {
        worker: WorkerId,
        memory: Memory,
        alarm: MemoryAlarm,
    },
    /// Console lines were dropped because they were not collected.
    ConsoleDropped {
        lines: u64,
    },
    /// All tasks are settled and all workers gone.
    Closed,
}

/// The reason of a [`Delivery::MemoryAlert`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryAlarm {
    /// The memory is over the threshold at which a worker is replaced after its task. Reported once, until
    /// it is below again.
    Threshold,
    /// A task was ended because it exceeded the limit.
    Limit,
}

/// Deliveries that are so frequent that they are made only for a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    TaskStarted,
    TaskCompleted,
    TaskFailed,
    TaskRetried,
    TaskDeadLettered,
    Console,
}

impl Topic {
    pub(super) fn bit(self) -> u8 {
        1 << self as u8
    }
}
