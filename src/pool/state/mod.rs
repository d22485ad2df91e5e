//! What the pool's lock protects: the scheduler, and a handle with a mailbox for each worker.
//!
//! Nothing here blocks, starts or wakes a thread, or calls V8: that is deferred until the lock is released.

pub mod callers;
pub mod deferred;
pub mod handle;
pub mod order;
pub mod state;

mod effects;
mod heartbeats;
mod host_calls;
mod reports;
mod status;
