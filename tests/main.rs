//! The scheduler, by behaviour and by simulation, and the metrics: time is virtual there, and no test
//! sleeps. And isolates, which run.
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "tests say why they fail")]

mod counting;
mod isolate;
mod metrics;
mod scheduler;
mod simulation;
