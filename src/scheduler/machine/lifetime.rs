//! The phases of a pool.

use crate::scheduler::timestamp::Timestamp;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    Open,
    /// Accepted tasks may run until this time.
    Draining(Timestamp),
    /// All tasks are settled or about to be, and the workers are removed.
    Ending,
    Closed,
}

impl Lifetime {
    pub fn deadline(self) -> Option<Timestamp> {
        match self {
            Self::Draining(until) => Some(until),
            _ => None,
        }
    }

    pub fn is_ending(self) -> bool {
        matches!(self, Self::Ending | Self::Closed)
    }
}
