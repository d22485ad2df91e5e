//! The waiting tasks.

pub mod fifo;
pub mod index;
pub mod job;
pub mod queue;
pub mod task_options;
