//! The thread of a worker: creates isolates, runs tasks in them, reports, and drops them.
//!
//! Everything here runs on that thread, and V8 is never used from another one.

pub mod thread;

mod context;
mod execution;
mod hooks;
mod idle_work;
mod isolate_run;
mod load;
mod reports;
