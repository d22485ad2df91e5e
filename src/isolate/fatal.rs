//! V8's last word: out of memory where it cannot throw. By default it ends the process.

use std::cell::RefCell;
use std::ffi::c_char;
use std::panic::{AssertUnwindSafe, catch_unwind};

use deno_core::v8;

thread_local! {
    /// Tells the pool that this thread's isolate is lost.
    static REPORT: RefCell<Option<Box<dyn FnOnce()>>> = const { RefCell::new(None) };
}

/// Makes a fatal lack of memory the end of this thread's isolate instead of the process's: `report`
/// is called, and the thread sleeps for ever. V8 cannot be left from there, so the memory of the
/// isolate stays taken.
pub(super) fn guard(isolate: &mut v8::Isolate, report: Box<dyn FnOnce()>) {
    REPORT.set(Some(report));
    isolate.set_oom_error_handler(on_out_of_memory);
}

unsafe extern "C" fn on_out_of_memory(_: *const c_char, _: &v8::OomDetails) {
    let report = REPORT.take();
    // A panic must not pass through V8.
    let _ = catch_unwind(AssertUnwindSafe(|| report.map(|report| report())));
    loop {
        std::thread::park();
    }
}
