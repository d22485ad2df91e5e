//! What happened in an isolate while its JavaScript ran, for Rust to read when it has control again.

use std::cell::{Cell, RefCell};

use deno_core::v8;

use super::ConsoleLine;

/// Written by ops and V8's callbacks on the isolate's thread, read by `Isolate`.
pub(super) struct Ledger {
    /// Promises of tasks that settled: ticket, whether fulfilled, value or reason.
    pub settled: RefCell<Vec<(u64, bool, v8::Global<v8::Value>)>>,
    /// Errors that nothing caught.
    pub strays: RefCell<Vec<Stray>>,
    /// Promises that were rejected and have no handler yet, and who rejected them.
    pub rejections: RefCell<Vec<(v8::Global<v8::Promise>, Stray)>>,
    /// The task that an interrupt has ended.
    pub terminated: Cell<Option<u64>>,
    /// The heap came near to its limit.
    pub out_of_memory: Cell<bool>,
    /// Tickets in flight and the number of their attempt, for the interrupt to know whom it meets.
    pub in_flight: RefCell<Vec<(u64, u32)>>,
    /// A task is hearing that its time is over: an interrupt that was meant to end it came too late.
    pub signalling: Cell<bool>,
    console: Box<dyn Fn(ConsoleLine)>,
}

/// An uncaught error, and whose it is: `None` where it comes from code of no task.
pub(super) struct Stray {
    pub ticket: Option<u64>,
    pub error: v8::Global<v8::Value>,
}

impl Ledger {
    pub fn new(console: Box<dyn Fn(ConsoleLine)>) -> Self {
        Self {
            settled: RefCell::default(),
            strays: RefCell::default(),
            rejections: RefCell::default(),
            terminated: Cell::new(None),
            out_of_memory: Cell::new(false),
            in_flight: RefCell::default(),
            signalling: Cell::new(false),
            console,
        }
    }

    pub fn print(&self, level: &str, text: &str, ticket: Option<u64>) {
        (self.console)(ConsoleLine { level: level.into(), text: text.into(), ticket });
    }
}
