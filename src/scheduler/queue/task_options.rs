//! The options of a task besides payload and priority.
//!
//! Most tasks of a pool have the same options and share them, so that a million waiting tasks take little
//! memory.

use std::sync::Arc;
use std::time::Duration;

use crate::scheduler::policy::retry::Retry;
use crate::scheduler::task::Task;

/// The options that tasks share; see [`Task`] for their meaning.
#[derive(Clone, Debug)]
pub struct TaskOptions {
    pub kind: Arc<str>,
    pub timeout: Option<Duration>,
    pub queue_timeout: Option<Duration>,
    pub retry: Retry,
    pub longest_idle_first: bool,
}

/// Gives equal tasks the same options, as far as it has seen them recently.
///
/// The options of a task that equals no other one are soon evicted.
#[derive(Default)]
pub(in crate::scheduler) struct Interner {
    recent: Vec<Arc<TaskOptions>>,
    /// The index of the options that are evicted next.
    oldest: usize,
}

/// Maximum number of options, because they are searched linearly.
const CAPACITY: usize = 16;

impl Interner {
    /// Returns the options of a task, shared with the other tasks that have the same.
    pub fn intern<P>(&mut self, task: &Task<P>) -> Arc<TaskOptions> {
        let found = self.recent.iter().position(|options| options.are_of(task));
        if let Some(index) = found {
            // The next task is likely to have the same options.
            self.recent.swap(0, index);
            return self.recent[0].clone();
        }
        let options = Arc::new(TaskOptions {
            kind: task.kind.clone(),
            timeout: task.timeout,
            queue_timeout: task.queue_timeout,
            retry: task.retry,
            longest_idle_first: task.longest_idle_first,
        });
        if self.recent.len() < CAPACITY {
            self.recent.push(options.clone());
        } else {
            self.oldest = (self.oldest + 1) % CAPACITY;
            self.recent[self.oldest] = options.clone();
        }
        options
    }
}

impl TaskOptions {
    fn are_of<P>(&self, task: &Task<P>) -> bool {
        self.timeout == task.timeout
            && self.queue_timeout == task.queue_timeout
            && self.retry == task.retry
            && self.longest_idle_first == task.longest_idle_first
            && (Arc::ptr_eq(&self.kind, &task.kind) || self.kind == task.kind)
    }
}
