//! What a worker does for the sake of memory when it has nothing else to do.

use std::time::{Duration, Instant};

/// A worker with nothing to do for so long collects its garbage.
const IDLE: Duration = Duration::from_secs(2);

/// So much later those that were made with it have collected theirs.
const SETTLED: Duration = Duration::from_millis(250);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chore {
    /// Gives back what tasks have left, once for each time that nothing is to be done.
    Collect,
    /// Gives back what the start of the isolate has left, once.
    Settle,
}

pub(super) struct Chores {
    has_garbage: bool,
    is_new: bool,
}

/// Those of a new isolate: loading the worker script leaves garbage, too.
impl Default for Chores {
    fn default() -> Self {
        Self { has_garbage: true, is_new: true }
    }
}

impl Chores {
    /// The next one, and when it is due.
    pub fn next(&self, idle_since: Instant) -> Option<(Chore, Instant)> {
        if self.has_garbage {
            return Some((Chore::Collect, idle_since + IDLE));
        }
        self.is_new.then(|| (Chore::Settle, idle_since + IDLE + SETTLED))
    }

    pub fn done(&mut self, chore: Chore) {
        match chore {
            Chore::Collect => self.has_garbage = false,
            Chore::Settle => self.is_new = false,
        }
    }

    pub fn has_worked(&mut self) {
        self.has_garbage = true;
    }
}
