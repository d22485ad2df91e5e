//! The callbacks of an isolate into whoever owns it.

use crate::isolate::host::calls::{HostCall, Reply};
use crate::isolate::limits::fatal::Loss;

/// Whom an isolate calls on its own thread.
pub struct Hooks {
    /// Called by an op: where it panics, the isolate is lost.
    pub console: Box<dyn Fn(ConsoleLine)>,
    /// A task calls the parent. As for `console`.
    pub call: Box<dyn Fn(HostCall, Reply)>,
    /// The isolate is lost, and its thread never returns. Must not panic, nor need a lock that the
    /// thread holds while its isolate runs.
    pub lost: Box<dyn FnOnce(Loss)>,
}

impl Hooks {
    /// Returns hooks that do nothing: console lines are dropped, and calls to the parent never settle.
    #[must_use]
    pub fn silent() -> Self {
        Self { console: Box::new(|_| {}), call: Box::new(|_, _| {}), lost: Box::new(|_| {}) }
    }
}

/// What a task, or code of no task, wrote to its console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsoleLine {
    /// `debug`, `info`, `log`, `warn`, `error` or `trace`.
    pub level: Box<str>,
    /// Formatted as Node does, without a line end.
    pub text: Box<str>,
    pub ticket: Option<u64>,
}
