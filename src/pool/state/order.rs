//! The orders of the scheduler to a worker.

use crate::isolate::Job;
use crate::scheduler::{Interruption, Retirement, TaskId};

/// An order to the thread of a worker.
#[derive(Debug)]
pub enum Order {
    Run { task: TaskId, attempt: u32, job: Job },
    Signal { task: TaskId, why: Interruption },
    End { task: TaskId, attempt: u32, why: Interruption },
    Retire(Retirement),
}
