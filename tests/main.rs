//! The scheduler, by behaviour and by simulation. Time is virtual: no test sleeps.

mod scheduler;
mod simulation;
