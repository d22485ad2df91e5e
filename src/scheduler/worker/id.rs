//! The ids of workers.

/// Identifies a slot. Slots are numbered from 0 and are reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkerId(pub u32);

impl WorkerId {
    pub(in crate::scheduler) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Counts the starts in a slot, from 1. Inputs from an earlier generation have no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u32);
