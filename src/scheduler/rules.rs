//! What a caller wants of a task beside payload and priority. Most tasks of a pool want the same: they share it,
//! so that a million of them can wait in little room.

use std::sync::Arc;
use std::time::Duration;

use super::{Retry, Task};

#[derive(Clone, Debug)]
pub struct Rules {
    pub kind: Arc<str>,
    /// Run time of one attempt.
    pub timeout: Option<Duration>,
    pub queue_timeout: Option<Duration>,
    pub retry: Retry,
    pub rested: bool,
}

/// Rules that were used of late. Those of tasks that differ from all others are forgotten with them.
#[derive(Default)]
pub(super) struct Known {
    rules: Vec<Arc<Rules>>,
    /// The one that makes room next.
    oldest: usize,
}

/// As many as are looked through.
const MOST: usize = 16;

impl Known {
    /// Gives the rules of a task, shared with the others that want the same.
    pub fn of<P>(&mut self, task: &Task<P>) -> Arc<Rules> {
        let known = self.rules.iter().position(|known| known.are_of(task));
        if let Some(place) = known {
            // The next one is likely to be the same.
            self.rules.swap(0, place);
            return self.rules[0].clone();
        }
        let rules = Arc::new(Rules {
            kind: task.kind.clone(),
            timeout: task.timeout,
            queue_timeout: task.queue_timeout,
            retry: task.retry,
            rested: task.rested,
        });
        if self.rules.len() < MOST {
            self.rules.push(rules.clone());
        } else {
            self.oldest = (self.oldest + 1) % MOST;
            self.rules[self.oldest] = rules.clone();
        }
        rules
    }
}

impl Rules {
    fn are_of<P>(&self, task: &Task<P>) -> bool {
        self.timeout == task.timeout
            && self.queue_timeout == task.queue_timeout
            && self.retry == task.retry
            && self.rested == task.rested
            && (Arc::ptr_eq(&self.kind, &task.kind) || self.kind == task.kind)
    }
}
