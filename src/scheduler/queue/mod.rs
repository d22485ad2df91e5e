//! The waiting tasks.
//!
//! Owns them until they start, and decides only about their order.

pub mod fifo;
pub mod index;
pub mod job;
pub mod queue;
pub mod task_options;
