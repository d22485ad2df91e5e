//! Tasks as the isolate sees them: what is run, whose code runs, which attempts are in flight, how they end.

pub mod current;
pub mod in_flight;
pub mod job;
pub mod outcome;
pub mod running;
