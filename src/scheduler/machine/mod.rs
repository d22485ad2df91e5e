//! The state machine: all rules that span tasks and workers.
//!
//! [`scheduler::Scheduler`] holds the state; the other files add its methods, by topic. They call each other
//! only through these methods.

pub mod scheduler;

mod alarm;
mod closing;
mod handle;
mod lifetime;
mod status;
mod tasks;
mod workers;
