//! Calls of tasks to the parent.

pub mod calls;
pub mod op;
