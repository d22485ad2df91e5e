//! Tasks that JavaScript has handed over and the scheduler has not heard of. They are told by whoever has the
//! pool's lock next, so that the JavaScript thread need not wait for it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::delivery::Answer;
use crate::isolate::Job;
use crate::scheduler::{Input, Task};

#[derive(Default)]
pub(super) struct Inbox {
    tasks: Mutex<VecDeque<Task<Job>>>,
    /// Whether there are any. Written under the lock.
    pending: AtomicBool,
}

impl Inbox {
    pub fn put(&self, mut more: VecDeque<Task<Job>>) {
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

    /// Takes the first ones, as many as that. Under the pool's lock only, which keeps them in their order.
    pub fn take(&self, count: usize) -> impl Iterator<Item = Input<Job, Answer>> + use<> {
        let mut taken = Vec::new();
        if self.is_pending() {
            let mut tasks = self.tasks.lock();
            let count = count.min(tasks.len());
            taken.extend(tasks.drain(..count));
            self.pending.store(!tasks.is_empty(), Ordering::Release);
        }
        taken.into_iter().map(Input::Submit)
    }
}
