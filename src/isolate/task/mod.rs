//! Tasks in an isolate: what is run, which task is current, which attempts are in flight, how a
//! task ends.

pub mod current;
pub mod in_flight;
pub mod job;
pub mod outcome;
pub mod running;
