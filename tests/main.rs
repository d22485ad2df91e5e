//! The scheduler, by behaviour and by simulation. Time is virtual: no test sleeps.
#![allow(clippy::print_stderr, clippy::unwrap_used, reason = "tests say why they fail")]

mod scheduler;
mod simulation;
