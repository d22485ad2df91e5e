//! The policies: where a task runs, when it may run again, and what is kept of it when it fails.

pub mod balance;
pub mod breaker;
pub mod dead_letters;
pub mod retry;
pub mod weight;
