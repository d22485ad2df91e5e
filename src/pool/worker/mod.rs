//! The thread of a worker: creates isolates, runs tasks in them, reports, and drops them.

pub mod thread;

mod context;
mod execution;
mod hooks;
mod idle_work;
mod isolate_run;
mod load;
mod reports;
