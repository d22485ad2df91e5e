//! The configuration of a pool.

use std::time::Duration;

use crate::isolate::Spec;
use crate::scheduler;

/// Configures a pool.
#[derive(Debug)]
pub struct Config {
    pub scheduler: scheduler::Config,
    pub isolate: Spec,
    /// Time in which an isolate has to load the worker script.
    pub start_limit: Duration,
}
