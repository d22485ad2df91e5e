//! Which tasks are blamed for the loss of a worker.

use crate::scheduler::task::TaskId;

/// The tasks in flight that may have killed a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    Nobody,
    One(TaskId),
    /// Which of them is unknown.
    All,
}
