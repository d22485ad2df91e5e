//! `IsolateState`: what ops and V8's callbacks record while JavaScript runs. `Isolate` acts on it
//! when it has control again.
//!
//! One for each isolate, used only on the isolate's thread. It decides nothing.

use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deno_core::v8;

use crate::isolate::hooks::ConsoleLine;
use crate::isolate::host::calls::Calls;
use crate::isolate::limits::buffers::Buffers;
use crate::isolate::task::in_flight::InFlight;
use crate::isolate::values::transfer::transfers::Transfers;

/// The time that the listeners of a `ctx.signal` may run.
const ABORT_LISTENER_LIMIT: Duration = Duration::from_secs(1);

/// The bytes of stack in use at which ops are refused. V8's stack limit is 984 KB: beyond this
/// value, the rest is not enough for an op and the JavaScript that it calls.
const MAX_STACK_USE: usize = 900 << 10;

/// Returns an address in the current stack frame.
fn stack_address() -> usize {
    let local = black_box(0_u8);
    std::ptr::from_ref(&local).addr()
}

/// Written by ops and callbacks, read by `Isolate`. A slot of the isolate.
pub struct IsolateState {
    /// Settled promises of tasks and uncaught errors, in the order in which they occurred.
    pub task_events: RefCell<Vec<TaskEvent>>,
    /// Functions of realms to be called in the next turn of the event loop.
    pub next_turn: RefCell<Vec<v8::Global<v8::Function>>>,
    /// Rejected promises without a handler, and the tasks that rejected them.
    pub rejections: RefCell<Vec<(v8::Global<v8::Promise>, UncaughtError)>>,
    /// The task that an interrupt terminated.
    pub terminated: Cell<Option<u64>>,
    /// Whether the interrupt terminated the task because of its memory.
    pub out_of_memory: Cell<bool>,
    /// Whether the heap came near its limit, so that V8 raised the limit. The raised limit bounds
    /// nothing.
    pub heap_exhausted: Cell<bool>,
    /// The task that was over at the last heartbeat while its code was still running.
    pub lingering: Cell<Option<u64>>,
    /// Whether code of a task that is over ran on and was terminated.
    pub leftover: Cell<bool>,
    /// Whether code of no task in flight was terminated.
    pub stopped: Cell<bool>,
    pub buffers: Arc<Buffers>,
    /// ArrayBuffers that may leave with the result of a task.
    pub transfers: Transfers,
    /// The attempts in flight, which interrupts look up.
    pub in_flight: InFlight,
    /// The time at which the listeners of a `ctx.signal` started. Meanwhile, an interrupt that
    /// targets their task is too late.
    signalling: Cell<Option<Instant>>,
    /// Whether interrupts are deferred, because an op of deno_core runs.
    defers_interrupts: Cell<bool>,
    /// The data of the deferred interrupts.
    deferred_interrupts: RefCell<Vec<*mut c_void>>,
    /// The number of pending asynchronous operations of tasks.
    pub operations: Cell<u32>,
    /// The number of full garbage collections so far.
    pub collections: Cell<u32>,
    /// An address near the bottom of the thread's stack.
    stack_base: usize,
    /// Calls of tasks to the parent.
    pub calls: Rc<Calls>,
    console: Box<dyn Fn(ConsoleLine)>,
}

/// A change of a task, recorded while JavaScript ran.
pub enum TaskEvent {
    /// The promise of a task settled; `value` is the reason where it was rejected.
    Settled {
        ticket: u64,
        fulfilled: bool,
        value: v8::Global<v8::Value>,
    },
    Uncaught(UncaughtError),
}

/// An error that nothing caught. `ticket` is `None` where code of no task threw it.
pub struct UncaughtError {
    pub ticket: Option<u64>,
    pub error: v8::Global<v8::Value>,
}

impl IsolateState {
    /// Creates the state on the isolate's thread, and records the position of its stack.
    pub fn new(buffers: Arc<Buffers>, calls: Calls, console: Box<dyn Fn(ConsoleLine)>) -> Self {
        Self {
            task_events: RefCell::default(),
            next_turn: RefCell::default(),
            rejections: RefCell::default(),
            terminated: Cell::new(None),
            out_of_memory: Cell::new(false),
            heap_exhausted: Cell::new(false),
            lingering: Cell::new(None),
            leftover: Cell::new(false),
            stopped: Cell::new(false),
            buffers,
            transfers: Transfers::default(),
            in_flight: InFlight::default(),
            signalling: Cell::new(None),
            defers_interrupts: Cell::new(false),
            deferred_interrupts: RefCell::default(),
            operations: Cell::new(0),
            collections: Cell::new(0),
            stack_base: stack_address(),
            calls: Rc::new(calls),
            console,
        }
    }

    /// Returns the state of this isolate; `None` while a snapshot is created, and before the
    /// callbacks are installed.
    pub fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    /// Whether a task is in flight.
    pub fn is_in_flight(&self, ticket: u64) -> bool {
        self.in_flight.attempt_of(ticket).is_some()
    }

    /// Returns ticket and attempt of a task in flight.
    pub fn attempt_of(&self, ticket: u64) -> Option<(u64, u32)> {
        self.in_flight.attempt_of(ticket).map(|attempt| (ticket, attempt))
    }

    /// Defers interrupts from now on. Returns false where they are deferred already.
    pub fn defer_interrupts(&self) -> bool {
        !self.defers_interrupts.replace(true)
    }

    /// Records an interrupt, given by its data, where interrupts are deferred. Returns whether they
    /// are.
    pub fn defer_interrupt(&self, interrupt: *mut c_void) -> bool {
        if self.defers_interrupts.get() {
            self.deferred_interrupts.borrow_mut().push(interrupt);
        }
        self.defers_interrupts.get()
    }

    /// Stops deferring interrupts, and returns the data of those that came.
    /// `interrupt::request_deferred` requests them again.
    pub fn take_deferred_interrupts(&self) -> Vec<*mut c_void> {
        self.defers_interrupts.set(false);
        self.deferred_interrupts.take()
    }

    /// Marks a rejected promise as handled.
    pub fn mark_handled(&self, promise: &v8::Global<v8::Promise>) {
        self.rejections.borrow_mut().retain(|(rejected, _)| rejected != promise);
    }

    /// Whether this task was ended because of its memory: it was terminated, or the latest refusal
    /// of a buffer was its own. Clears both, but not the exhaustion of the heap.
    pub fn take_memory_end(&self, ticket: u64) -> bool {
        let refused = self.buffers.refusal() == Some(ticket);
        if refused {
            self.buffers.clear_refusal();
        }
        self.out_of_memory.take() || self.heap_exhausted.get() || refused
    }

    /// Records that the listeners of a `ctx.signal` start or have ended.
    pub fn set_signalling(&self, on: bool) {
        self.signalling.set(on.then(Instant::now));
    }

    /// Whether the listeners of a `ctx.signal` run.
    pub fn is_signalling(&self) -> bool {
        self.signalling.get().is_some()
    }

    /// Whether these listeners have run for longer than allowed.
    pub fn signals_too_long(&self) -> bool {
        self.signalling.get().is_some_and(|since| since.elapsed() > ABORT_LISTENER_LIMIT)
    }

    /// Whether so much of V8's stack is in use that an op could fail half-way.
    pub fn is_stack_nearly_full(&self) -> bool {
        self.stack_base.abs_diff(stack_address()) > MAX_STACK_USE
    }

    /// Passes a console line to the owner of the isolate.
    pub fn print(&self, level: &str, text: &str, ticket: Option<u64>) {
        (self.console)(ConsoleLine { level: level.into(), text: text.into(), ticket });
    }
}
