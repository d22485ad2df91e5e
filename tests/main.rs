//! Tests of the scheduler, by behaviour and by simulation, of the metrics, and of the isolates. Time is virtual
//! in the first two, and no test there sleeps.
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "tests say why they fail")]

mod counting;
mod isolate;
mod metrics;
mod scheduler;
mod simulation;
