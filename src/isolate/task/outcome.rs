//! How a task ended, and what it may leave behind in its isolate.

use crate::isolate::values::transfer::moved_buffers::MovedBuffers;

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Its result, in the wire format.
    Done(Vec<u8>),
    /// The same, and the ArrayBuffers that it moves out.
    Moved(Vec<u8>, MovedBuffers),
    Failed(Fault),
    /// By [`Interrupter::terminate`] or [`Isolate::end`].
    Interrupted,
    /// It took more memory than the limit allows; [`Isolate::is_heap_exhausted`] says whether it took the
    /// isolate with it.
    MemoryLimit,
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub kind: FaultKind,
    /// What was thrown, in the wire format; for the other kinds a string that explains.
    pub error: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    Thrown,
    /// A code task that does not parse; `error` is the `SyntaxError`.
    Syntax,
    NoHandler,
    /// The result, or the payload, cannot cross.
    DataClone,
}

impl FaultKind {
    /// Whether another attempt can end differently.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Thrown)
    }
}

/// What a task that is over has left behind, and what cannot be taken away from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Its code ran on and had to be stopped.
    Code,
    /// Asynchronous operations that it began are under way: they compute, or wait for a message.
    Operations,
}
