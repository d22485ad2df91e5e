//! The shell around the scheduler: its lock, the worker threads, the supervisor thread.
//!
//! A thread with an input (the JavaScript thread, a worker, the supervisor) takes the lock, passes the input
//! to the scheduler, and puts the resulting orders and messages into the mailboxes before it releases the
//! lock, so that they keep their order. JavaScript collects its messages without that lock. What takes time
//! or wakes a thread is deferred until the lock is released. No task runs, and nothing is logged, under it.

mod config;
mod dead_letter;
mod delivery;
mod inbox;
mod outbox;
mod pool;
mod shared;
mod snapshot;
mod spin;
mod state;
mod supervisor;
mod wake_up;
mod worker;

pub use config::Config;
pub use dead_letter::{DeadLetter, DeadLetterError};
pub use delivery::{Answer, Delivery, MemoryAlarm, Topic};
pub use outbox::WakeMode;
pub use pool::Pool;
pub use snapshot::Snapshot;
