//! What a caller wants of a task beside its payload. Most tasks of a pool want the same: they share it, so that
//! a million of them can wait in little room.

use std::sync::Arc;
use std::time::Duration;

use super::{Priority, Retry};

#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    pub kind: Arc<str>,
    pub priority: Priority,
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
    /// Gives the same as one that is known already, if it is.
    pub fn share(&mut self, rules: Rules) -> Arc<Rules> {
        let known = self.rules.iter().position(|known| **known == rules);
        if let Some(place) = known {
            // The next one is likely to be the same.
            self.rules.swap(0, place);
            return self.rules[0].clone();
        }
        let rules = Arc::new(rules);
        if self.rules.len() < MOST {
            self.rules.push(rules.clone());
        } else {
            self.oldest = (self.oldest + 1) % MOST;
            self.rules[self.oldest] = rules.clone();
        }
        rules
    }
}
