//! What a pool measures: run, wait and total times of its tasks, and their rate.
//!
//! Knows no other part of this crate: the pool passes in the times.

mod rate;
mod recorder;
mod summary;

pub use recorder::{Figures, Recorder, TaskTimes};
pub use summary::Summary;
