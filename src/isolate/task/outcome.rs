//! How a task ended, and what it left running in its isolate.

use crate::isolate::values::transfer::moved_buffers::MovedBuffers;

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its result, in the wire format.
    Done(Vec<u8>),
    /// Its result, in the wire format, and the ArrayBuffers that the result moves out.
    Moved(Vec<u8>, MovedBuffers),
    Failed(Fault),
    /// Terminated by [`Interrupter::terminate`](crate::isolate::Interrupter::terminate).
    Interrupted,
    /// It exceeded the memory limit.
    /// [`Isolate::is_heap_exhausted`](crate::isolate::Isolate::is_heap_exhausted) returns whether
    /// the isolate must be replaced.
    MemoryLimit,
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// The thrown value in the wire format; for `NoHandler` and `DataClone` a message in UTF-8.
    pub error: Vec<u8>,
}

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Thrown,
    /// A code task does not parse; `error` is the `SyntaxError`.
    Syntax,
    NoHandler,
    /// The result or the payload cannot be cloned.
    DataClone,
}

impl FaultKind {
    /// Whether another attempt can end differently.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Thrown)
    }
}

/// What a task that is over left running, and what cannot be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Its code ran on and was terminated.
    Code,
    /// Asynchronous operations that it started are pending: they compute, or wait for a message.
    Operations,
}
