//! `IsolateState`: what ops and V8's callbacks note while JavaScript runs, for Rust to act on when it has
//! control again.
//!
//! One for each isolate. It lives on the isolate's thread, and decides nothing.

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

/// Time that a listener of `ctx.signal` may run without a pause.
const ABORT_LISTENER_LIMIT: Duration = Duration::from_secs(1);

/// Bytes of stack in use at which an op is refused. V8 takes 984 KB: beyond this, what is left is not enough for
/// an op and what follows it.
const MAX_STACK_USE: usize = 900 << 10;

/// Returns an address on the stack.
fn stack_address() -> usize {
    let local = black_box(0_u8);
    std::ptr::from_ref(&local).addr()
}

/// Written by ops and callbacks on the isolate's thread, read by `Isolate`. A slot of the isolate.
pub struct IsolateState {
    /// Settled promises of tasks and uncaught errors, in their order.
    pub task_events: RefCell<Vec<TaskEvent>>,
    /// Functions of realms to be called in the next turn of the event loop.
    pub next_turn: RefCell<Vec<v8::Global<v8::Function>>>,
    /// Promises that were rejected and have no handler yet, and the tasks that rejected them.
    pub rejections: RefCell<Vec<(v8::Global<v8::Promise>, UncaughtError)>>,
    /// The task that an interrupt has ended.
    pub terminated: Cell<Option<u64>>,
    /// The interrupt ended it because of its memory.
    pub out_of_memory: Cell<bool>,
    /// The heap came near its limit, and the limit was raised: it defer_interrupt no longer.
    pub heap_exhausted: Cell<bool>,
    /// The task that was over and whose code ran nevertheless at the last heartbeat.
    pub lingering: Cell<Option<u64>>,
    /// Code of a task that is over ran on, and was stopped.
    pub leftover: Cell<bool>,
    /// Code of no task in flight was stopped.
    pub stopped: Cell<bool>,
    pub buffers: Arc<Buffers>,
    /// ArrayBuffers that may leave with the result of a task.
    pub transfers: Transfers,
    /// The attempts in flight, which an interrupt looks up.
    pub in_flight: InFlight,
    /// When the listeners of a `ctx.signal` began to run. The interrupt that was to end that task came too late.
    signalling: Cell<Option<Instant>>,
    /// An op of deno_core runs, which must not be interrupted.
    defers_interrupts: Cell<bool>,
    /// The data of the interrupts that came meanwhile.
    deferred_interrupts: RefCell<Vec<*mut c_void>>,
    /// Asynchronous operations of tasks that are under way.
    pub operations: Cell<u32>,
    /// Full garbage collections so far.
    pub collections: Cell<u32>,
    /// About where the thread's stack begins.
    stack_base: usize,
    /// Calls of tasks to the parent.
    pub calls: Rc<Calls>,
    console: Box<dyn Fn(ConsoleLine)>,
}

/// What became of a task while JavaScript ran.
pub enum TaskEvent {
    /// The promise of a task settled; `value` is the reason where it was rejected.
    Settled {
        ticket: u64,
        fulfilled: bool,
        value: v8::Global<v8::Value>,
    },
    Uncaught(UncaughtError),
}

/// An error that no code caught. `ticket` is `None` where code of no task threw it.
pub struct UncaughtError {
    pub ticket: Option<u64>,
    pub error: v8::Global<v8::Value>,
}

impl IsolateState {
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

    /// Returns the state of this isolate; `None` while a snapshot is made, and before its callbacks are installed.
    pub fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }

    pub fn is_in_flight(&self, ticket: u64) -> bool {
        self.in_flight.attempt_of(ticket).is_some()
    }

    /// Returns ticket and attempt of a task that is in flight.
    pub fn attempt_of(&self, ticket: u64) -> Option<(u64, u32)> {
        self.in_flight.attempt_of(ticket).map(|attempt| (ticket, attempt))
    }

    /// Defers interrupts from now on. False where they are deferred already.
    pub fn defer_interrupts(&self) -> bool {
        !self.defers_interrupts.replace(true)
    }

    /// Defers an interrupt, given its data, where interrupts are held; says whether it did.
    pub fn defer_interrupt(&self, interrupt: *mut c_void) -> bool {
        if self.defers_interrupts.get() {
            self.deferred_interrupts.borrow_mut().push(interrupt);
        }
        self.defers_interrupts.get()
    }

    /// Stops deferring interrupts, and returns the data of those that came. `interrupt::release_held` requests
    /// them again.
    pub fn take_deferred_interrupts(&self) -> Vec<*mut c_void> {
        self.defers_interrupts.set(false);
        self.deferred_interrupts.take()
    }

    /// Marks a rejected promise as handled.
    pub fn mark_handled(&self, promise: &v8::Global<v8::Promise>) {
        self.rejections.borrow_mut().retain(|(rejected, _)| rejected != promise);
    }

    /// Whether memory ended this task: it was stopped for it, or a buffer that it asked for was refused. Clears
    /// what it reports, unless the heap itself is exhausted.
    pub fn take_memory_end(&self, ticket: u64) -> bool {
        let refused = self.buffers.refusal() == Some(ticket);
        if refused {
            self.buffers.clear_refusal();
        }
        self.out_of_memory.take() || self.heap_exhausted.get() || refused
    }

    /// The listeners of a `ctx.signal` begin, or cease, to run.
    pub fn set_signalling(&self, on: bool) {
        self.signalling.set(on.then(Instant::now));
    }

    pub fn is_signalling(&self) -> bool {
        self.signalling.get().is_some()
    }

    /// Whether these listeners have run for too long.
    pub fn signals_too_long(&self) -> bool {
        self.signalling.get().is_some_and(|since| since.elapsed() > ABORT_LISTENER_LIMIT)
    }

    /// Whether so much of V8's stack is in use that an op could stop half-way.
    pub fn is_stack_nearly_full(&self) -> bool {
        self.stack_base.abs_diff(stack_address()) > MAX_STACK_USE
    }

    /// Hands a console line to the owner of the isolate.
    pub fn print(&self, level: &str, text: &str, ticket: Option<u64>) {
        (self.console)(ConsoleLine { level: level.into(), text: text.into(), ticket });
    }
}
