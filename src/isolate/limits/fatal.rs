//! The last words of V8 and of Rust below it: both would end the process, where one isolate is lost.
//!
//! V8 cannot be left from where it says them, nor unwound through. So the thread reports its isolate
//! as lost and sleeps for ever, and what the isolate has taken stays taken.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::c_char;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

use deno_core::v8;

/// Why an isolate is lost, and its thread with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// V8 ran out of memory where it cannot throw.
    OutOfMemory,
    /// V8 found itself broken: a failed check, in its words. Release builds of V8 leave the location out.
    Fatal(String),
    /// Rust code that JavaScript called panicked: message and location.
    Panicked(String),
}

type Report = Box<dyn FnOnce(Loss)>;

thread_local! {
    /// Tells the pool that this thread's isolate is lost.
    static REPORT: RefCell<Option<Report>> = const { RefCell::new(None) };
    /// The isolate has the thread: a panic may be below V8's frames.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Has `report` called when this thread's isolate is lost; until the value is dropped.
pub struct LossReporter(PhantomData<*const ()>);

impl LossReporter {
    /// `report` runs under V8 or in a panic: it must not panic, nor need a lock that this thread
    /// holds while the isolate runs.
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

/// This thread runs an isolate while the value lives.
pub struct InsideIsolate {
    previous: bool,
}

impl InsideIsolate {
    pub fn enter() -> Self {
        Self { previous: INSIDE.replace(true) }
    }
}

impl Drop for InsideIsolate {
    fn drop(&mut self) {
        INSIDE.set(self.previous);
    }
}

/// Takes over from V8 and from Rust what they do at the end of their wits. Once for the process, when
/// no more than isolates is left to run in this V8.
///
/// A thread that is lost in a panic sleeps in the hook, and std does not replace a hook that runs: after
/// such a loss `std::panic::set_hook` and `take_hook` wait for ever.
pub fn install() {
    v8::V8::set_fatal_error_handler(on_fatal_error);
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // Elsewhere a panic unwinds to whoever catches it.
        if INSIDE.try_with(Cell::get).unwrap_or(false) {
            park_lost_thread(Loss::Panicked(panic_text(panic)));
        }
        previous(panic);
    }));
}

/// Makes a fatal lack of memory the end of this isolate instead of the process's.
pub fn install_oom_handler(isolate: &mut v8::Isolate) {
    isolate.set_oom_error_handler(on_out_of_memory);
}

unsafe extern "C" fn on_out_of_memory(_: *const c_char, _: &v8::OomDetails) {
    park_lost_thread(Loss::OutOfMemory);
}

/// V8 calls it previous it ends the process, on a thread of an isolate or on one of its own. The latter
/// sleeps too; its work is lost, and an isolate that waits for it hangs.
fn on_fatal_error(file: &str, line: i32, message: &str) {
    let text = match file {
        "" => message.to_owned(),
        file => format!("{message} ({file}:{line})"),
    };
    park_lost_thread(Loss::Fatal(text));
}

/// The message of a panic.
#[must_use]
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without words")
}

fn panic_text(panic: &PanicHookInfo) -> String {
    let message = panic_message(panic.payload());
    panic
        .location()
        .map_or_else(|| message.to_owned(), |location| format!("{message} ({location})"))
}

/// Reports the isolate of this thread and never comes back.
fn park_lost_thread(loss: Loss) -> ! {
    let _ = INSIDE.try_with(|inside| inside.set(false));
    let report = REPORT.try_with(RefCell::take).ok().flatten();
    // A panic must not pass through V8.
    let _ = catch_unwind(AssertUnwindSafe(|| report.map(|report| report(loss))));
    loop {
        std::thread::park();
    }
}
