//! The scheduler, by behaviour and by simulation, and the metrics. Time is virtual: no test sleeps.
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "tests say why they fail")]

mod metrics;
mod scheduler;
mod simulation;
