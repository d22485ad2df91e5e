//! The tasks that JavaScript has handed over and that the scheduler has not been told of.
//!
//! The thread that holds the pool's lock next passes them on, so that the JavaScript thread does not have to
//! wait for that lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::delivery::Answer;
use crate::isolate::Job;
use crate::scheduler::{Input, Task};

/// A queue of submitted tasks.
#[derive(Default)]
pub struct Inbox {
    tasks: Mutex<VecDeque<Task<Job>>>,
    /// Whether there are any tasks. Written under the lock.
    pending: AtomicBool,
}

impl Inbox {
    pub fn push(&self, mut more: VecDeque<Task<Job>>) {
        let mut tasks = self.tasks.lock();
        if tasks.is_empty() {
            *tasks = more;
        } else {
            tasks.append(&mut more);
        }
        self.pending.store(!tasks.is_empty(), Ordering::Release);
    }

    pub fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// Takes the first tasks, at most `max` of them. To be called under the pool's lock, which keeps the
    /// tasks in their order.
    pub fn take(&self, max: usize) -> impl Iterator<Item = Input<Job, Answer>> + use<> {
        let mut taken = Vec::new();
        if self.is_pending() {
            let mut tasks = self.tasks.lock();
            let count = max.min(tasks.len());
            taken.extend(tasks.drain(..count));
            self.pending.store(!tasks.is_empty(), Ordering::Release);
        }
        taken.into_iter().map(Input::Submit)
    }
}
