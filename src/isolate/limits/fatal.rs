//! Fatal errors of V8, and panics of Rust code that V8 called. By default either ends the process;
//! here one isolate is lost.
//!
//! The handlers must not return to V8, and a panic must not unwind through V8's frames. So the
//! thread reports its isolate as lost and parks for ever. The memory of the isolate is leaked.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::c_char;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use deno_core::v8;

/// Why an isolate, and its thread, is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// V8 ran out of memory where it cannot throw an exception.
    OutOfMemory,
    /// A check in V8 failed, with V8's message. Release builds of V8 leave out the source location.
    Fatal(String),
    /// Rust code that JavaScript called panicked, with message and source location.
    Panicked(String),
}

type Report = Box<dyn FnOnce(Loss)>;

thread_local! {
    /// Reports the loss of this thread's isolate.
    static REPORT: RefCell<Option<Report>> = const { RefCell::new(None) };
    /// Whether this thread is inside an isolate, so that a panic may have frames of V8 below it.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Calls `report` when this thread's isolate is lost. Until it is dropped.
pub struct LossReporter(PhantomData<*const ()>);

impl LossReporter {
    /// Installs `report`. It runs in a callback of V8 or in the panic hook: it must not panic, and
    /// must not take a lock that this thread may hold while the isolate runs.
    pub fn for_this_thread(report: Report) -> Self {
        REPORT.set(Some(report));
        Self(PhantomData)
    }
}

impl Drop for LossReporter {
    fn drop(&mut self) {
        REPORT.take();
    }
}

/// Marks this thread as inside an isolate until it is dropped.
pub struct InsideIsolate {
    previous: bool,
}

impl InsideIsolate {
    /// Marks this thread, also where it is marked already.
    pub fn enter() -> Self {
        Self { previous: INSIDE.replace(true) }
    }
}

impl Drop for InsideIsolate {
    fn drop(&mut self) {
        INSIDE.set(self.previous);
    }
}

/// Installs V8's fatal error handler and a panic hook, for the process. To be called once, when
/// nothing but isolates of this module uses V8.
///
/// A thread whose isolate is lost in a panic parks inside the hook, and std waits for running hooks
/// before it replaces the hook: after such a loss `std::panic::set_hook` and `take_hook` block for
/// ever.
pub fn install() {
    v8::V8::set_fatal_error_handler(on_fatal_error);
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // A panic outside an isolate unwinds to whatever catches it.
        if INSIDE.try_with(Cell::get).unwrap_or(false) {
            park_lost_thread(Loss::Panicked(panic_text(panic)));
        }
        previous(panic);
    }));
}

/// Makes a fatal out-of-memory error lose this isolate instead of ending the process.
pub fn install_oom_handler(isolate: &mut v8::Isolate) {
    isolate.set_oom_error_handler(on_out_of_memory);
}

unsafe extern "C" fn on_out_of_memory(_: *const c_char, _: &v8::OomDetails) {
    park_lost_thread(Loss::OutOfMemory);
}

/// Called by V8 before it would end the process, on the thread of an isolate or on one of V8's own
/// threads. V8's thread parks as well; its work is lost, and an isolate that waits for it hangs.
fn on_fatal_error(file: &str, line: i32, message: &str) {
    let text = match file {
        "" => message.to_owned(),
        file => format!("{message} ({file}:{line})"),
    };
    park_lost_thread(Loss::Fatal(text));
}

/// Returns the message of a panic.
#[must_use]
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words")
}

/// Returns message and source location of a panic.
fn panic_text(panic: &PanicHookInfo) -> String {
    let message = panic_message(panic.payload());
    panic
        .location()
        .map_or_else(|| message.to_owned(), |location| format!("{message} ({location})"))
}

/// Reports that this thread's isolate is lost, and parks the thread for ever.
fn park_lost_thread(loss: Loss) -> ! {
    let _ = INSIDE.try_with(|inside| inside.set(false));
    let report = REPORT.try_with(RefCell::take).ok().flatten();
    // A panic must not unwind through V8.
    let _ = catch_unwind(AssertUnwindSafe(|| report.map(|report| report(loss))));
    loop {
        std::thread::park();
    }
}
