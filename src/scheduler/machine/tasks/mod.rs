//! The life of a task, from its submission to its settlement.

mod attempts;
mod dispatch;
mod interruption;
mod settlement;
mod submission;
