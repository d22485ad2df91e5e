//! What happened in an isolate while its JavaScript ran, for Rust to read when it has control again.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deno_core::v8;

use super::ConsoleLine;
use super::buffers::Buffers;
use super::calls::Calls;
use super::flights::Flights;
use super::interrupt::on_interrupt;
use super::movable::Movable;

/// A task that is told to end has this long to react, if it does so without a pause.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Bytes of stack in use that leave V8, which takes 984 KB, not enough for an op and what follows it.
const DEEP: usize = 900 << 10;

/// An address on the stack.
fn here() -> usize {
    let local = black_box(0_u8);
    std::ptr::from_ref(&local).addr()
}

/// Written by ops and V8's callbacks on the isolate's thread, read by `Isolate`.
pub(super) struct Ledger {
    /// How tasks ended, and errors that nothing caught, in their order.
    pub endings: RefCell<Vec<Ending>>,
    /// What realms have to go on with, once others had their turn.
    pub again: RefCell<Vec<v8::Global<v8::Function>>>,
    /// Promises that were rejected and have no handler yet, and who rejected them.
    pub rejections: RefCell<Vec<(v8::Global<v8::Promise>, Stray)>>,
    /// The task that an interrupt has ended.
    pub terminated: Cell<Option<u64>>,
    /// Memory is why it was.
    pub out_of_memory: Cell<bool>,
    /// The heap came near to its limit, which was raised then.
    pub spent: Cell<bool>,
    /// The task that was over and ran nevertheless when V8 last gave a sign of life.
    pub lingering: Cell<Option<u64>>,
    /// Code of a task that is over ran on, and was stopped.
    pub leftover: Cell<bool>,
    /// Code of no task in flight was stopped.
    pub stopped: Cell<bool>,
    pub buffers: Arc<Buffers>,
    /// ArrayBuffers that may leave with the result of a task.
    pub movable: Movable,
    /// For the interrupt to know whom it meets.
    pub in_flight: Flights,
    /// A task is hearing, since then, that its time is over: an interrupt that was meant to end it came
    /// too late.
    signalling: Cell<Option<Instant>>,
    /// An op of deno_core's runs, which does not stand being ended.
    holding: Cell<bool>,
    /// Interrupts that came meanwhile.
    held: RefCell<Vec<*mut c_void>>,
    /// Asynchronous operations of tasks that are under way.
    pub operations: Cell<u32>,
    /// How often V8 has collected garbage thoroughly.
    pub collections: Cell<u32>,
    /// About where the thread's stack begins.
    base: usize,
    /// Calls of tasks to the parent.
    pub calls: Rc<Calls>,
    console: Box<dyn Fn(ConsoleLine)>,
}

pub(super) enum Ending {
    /// The promise of a task settled; `value` is its reason where it was not fulfilled.
    Settled {
        ticket: u64,
        fulfilled: bool,
        value: v8::Global<v8::Value>,
    },
    Stray(Stray),
}

/// An uncaught error, and whose it is: `None` where it comes from code of no task.
pub(super) struct Stray {
    pub ticket: Option<u64>,
    pub error: v8::Global<v8::Value>,
}

impl Ledger {
    pub fn new(buffers: Arc<Buffers>, calls: Calls, console: Box<dyn Fn(ConsoleLine)>) -> Self {
        Self {
            endings: RefCell::default(),
            again: RefCell::default(),
            rejections: RefCell::default(),
            terminated: Cell::new(None),
            out_of_memory: Cell::new(false),
            spent: Cell::new(false),
            lingering: Cell::new(None),
            leftover: Cell::new(false),
            stopped: Cell::new(false),
            buffers,
            movable: Movable::default(),
            in_flight: Flights::default(),
            signalling: Cell::new(None),
            base: here(),
            holding: Cell::new(false),
            held: RefCell::default(),
            operations: Cell::new(0),
            collections: Cell::new(0),
            calls: Rc::new(calls),
            console,
        }
    }

    pub fn is_in_flight(&self, ticket: u64) -> bool {
        self.in_flight.attempt_of(ticket).is_some()
    }

    /// The attempt of a task that is in flight.
    pub fn attempt_of(&self, ticket: u64) -> Option<(u64, u32)> {
        self.in_flight.attempt_of(ticket).map(|attempt| (ticket, attempt))
    }

    /// Puts interrupts off that would end what runs. False where they are put off already.
    pub fn hold_interrupts(&self) -> bool {
        !self.holding.replace(true)
    }

    /// Puts this one off, if they are to be.
    pub fn holds(&self, interrupt: *mut c_void) -> bool {
        if self.holding.get() {
            self.held.borrow_mut().push(interrupt);
        }
        self.holding.get()
    }

    pub fn release_interrupts(&self, isolate: &v8::Isolate) {
        self.holding.set(false);
        for interrupt in self.held.take() {
            isolate.thread_safe_handle().request_interrupt(on_interrupt, interrupt);
        }
    }

    /// Takes a rejected promise for handled.
    pub fn forgive(&self, promise: &v8::Global<v8::Promise>) {
        self.rejections.borrow_mut().retain(|(rejected, _)| rejected != promise);
    }

    /// Whether memory is what ended this task: it was stopped, or a buffer that it asked for was
    /// refused. The next task is not asked about it again, unless the heap itself is spent.
    pub fn take_memory_end(&self, ticket: u64) -> bool {
        let refused = self.buffers.refusal() == Some(ticket);
        if refused {
            self.buffers.forget_refusal();
        }
        self.out_of_memory.take() || self.spent.get() || refused
    }

    /// A task begins, or ceases, to hear that its time is over.
    pub fn set_signalling(&self, on: bool) {
        self.signalling.set(on.then(Instant::now));
    }

    pub fn is_signalling(&self) -> bool {
        self.signalling.get().is_some()
    }

    /// Whether it takes its time over it.
    pub fn signals_too_long(&self) -> bool {
        self.signalling.get().is_some_and(|since| since.elapsed() > LAST_WORDS)
    }

    /// Whether so much of V8's stack is used that an op could stop half-way.
    pub fn is_deep(&self) -> bool {
        self.base.abs_diff(here()) > DEEP
    }

    pub fn print(&self, level: &str, text: &str, ticket: Option<u64>) {
        (self.console)(ConsoleLine { level: level.into(), text: text.into(), ticket });
    }
}
