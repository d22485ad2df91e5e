//! `Hooks`: the callbacks of an isolate to its owner.

use crate::isolate::host::calls::{HostCall, Reply};
use crate::isolate::limits::fatal::Loss;

/// The functions that an isolate calls on its own thread.
pub struct Hooks {
    /// Receives each console line. A panic loses the isolate, because an op calls it.
    pub console: Box<dyn Fn(ConsoleLine)>,
    /// Receives each call to the parent. A panic loses the isolate.
    pub call: Box<dyn Fn(HostCall, Reply)>,
    /// Reports that the isolate is lost and that its thread never returns. It must not panic, and
    /// must not take a lock that the thread may hold while its isolate runs.
    pub lost: Box<dyn FnOnce(Loss)>,
}

impl Hooks {
    /// Returns hooks that do nothing: console lines are dropped, and calls to the parent never settle.
    #[must_use]
    pub fn silent() -> Self {
        Self { console: Box::new(|_| {}), call: Box::new(|_, _| {}), lost: Box::new(|_| {}) }
    }
}

/// A line that a task, or code of no task, wrote to its console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleLine {
    /// `debug`, `info`, `log`, `warn`, `error` or `trace`.
    pub level: Box<str>,
    /// Formatted as Node does, without a line feed at the end.
    pub text: Box<str>,
    pub ticket: Option<u64>,
}
