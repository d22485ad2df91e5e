//! How and why workers end.

/// The reason why an isolate is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retirement {
    MemoryLimit,
    /// It exceeded the restart threshold after a task.
    MemoryThreshold,
    /// Something holds the realms of tasks that have ended.
    DetachedRealms,
    /// An ended task left timers, promises or calls in it.
    PendingWork,
    /// It ran its maximum number of tasks.
    MaxTasks,
    /// The pool shrinks.
    ScaleDown,
    /// Requested with [`Input::Restart`](crate::scheduler::Input::Restart).
    Restart,
    Shutdown,
}

/// How a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It ended as [`Effect::Retire`](crate::scheduler::Effect::Retire) told it to.
    Retired(Retirement),
    /// The isolate could not be made, or its modules could not be loaded.
    StartFailed,
    /// Its thread panicked.
    Panicked,
    /// It ran out of memory where V8 cannot throw. Its thread never ends.
    OutOfMemory,
    /// V8 detected a state that must not occur. Its thread never ends.
    Fatal,
    /// It was abandoned because it did not answer a forced end.
    Unresponsive,
    /// It was abandoned because it gave no heartbeat.
    Zombie,
}

impl Exit {
    /// Returns whether the isolate, and mostly its thread too, stay in the process.
    #[must_use]
    pub fn leaks_isolate(self) -> bool {
        !matches!(self, Self::Retired(_) | Self::StartFailed)
    }
}
