//! The state of automatic scaling.

use crate::scheduler::timestamp::Timestamp;

#[derive(Default)]
pub struct AutoScaleState {
    /// Since when the queue is too long without interruption.
    pub overloaded_since: Option<Timestamp>,
    /// Until when the number of workers does not change.
    pub cooldown_until: Option<Timestamp>,
    /// When the number of workers is reviewed next.
    pub review: Option<Timestamp>,
}
