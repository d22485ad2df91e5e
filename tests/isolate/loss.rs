//! Errors that would end the process cost one isolate and its thread.

use std::process::Command;

use deno_core::v8;

use super::*;

/// A status that neither libtest nor a signal produces.
const SURVIVED: i32 = 77;

/// Loses an isolate by a panic or failed check in its console hook, and returns the loss.
fn lost_by(console: impl Fn() + Send + 'static) -> Loss {
    let (send, receive) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let hooks = Hooks {
            console: Box::new(move |_| console()),
            lost: Box::new(move |loss| send.send(loss).unwrap()),
            ..quiet()
        };
        Bench::new(hooks).run("try { console.log('now') } catch {} return 1");
    });
    let loss = receive.recv_timeout(PATIENCE).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(!thread.is_finished(), "its thread sleeps for ever");
    on_thread(|| assert_eq!(number(&Bench::new(quiet()).run("return 1")), 1));
    loss
}

/// Runs in a process of its own: a thread that is parked in the panic hook blocks replacing the
/// hook, which libtest does at its end.
#[test]
fn a_panic_in_an_op() {
    const CHILD: &str = "ISOLANE_TEST_PANIC";
    if std::env::var_os(CHILD).is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child.args(["--exact", "isolate::loss::a_panic_in_an_op", "--nocapture"]);
        let output = child.env(CHILD, "1").output().unwrap();
        assert_eq!(output.status.code(), Some(SURVIVED), "{output:?}");
        return;
    }
    let Loss::Panicked(text) = lost_by(|| panic!("no {}", "way")) else { panic!("another loss") };
    assert!(text.starts_with("no way ("), "{text}");
    assert!(text.contains("loss.rs:"), "{text}");
    // Panics outside an isolate unwind as usual.
    assert!(std::panic::catch_unwind(|| panic!("caught")).is_err());
    std::process::exit(SURVIVED);
}

#[test]
fn a_panic_elsewhere_unwinds() {
    let panic = std::thread::spawn(|| {
        let mut bench = Bench::new(quiet());
        assert_eq!(number(&bench.run("return 1")), 1);
        // The isolate exists, but the thread is not inside it.
        let caught = std::panic::catch_unwind(|| panic!("caught"));
        assert!(caught.is_err());
        assert_eq!(number(&bench.run("return 2")), 2);
    });
    panic.join().unwrap();
}

unsafe extern "C" {
    /// A function of the `v8` crate that it does not export.
    fn v8__Isolate__GetCurrent() -> *mut v8::Isolate;
}

#[test]
fn a_failed_check_in_v8() {
    let loss = lost_by(|| {
        // SAFETY: an op runs with its isolate entered.
        let isolate = unsafe { &mut *v8__Isolate__GetCurrent() };
        // V8 checks that an amount is below `kMaxReasonableBytes`, 2^60.
        isolate.adjust_amount_of_external_allocated_memory(1 << 60);
    });
    let Loss::Fatal(text) = loss else { panic!("another loss") };
    assert!(text.starts_with("Check failed"), "{text}");
}

#[test]
fn no_memory_where_v8_cannot_throw() {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let hooks = Hooks { lost: Box::new(move |loss| send.send(loss).unwrap()), ..quiet() };
        Bench::new(hooks).run("return new Array(2 ** 27).fill(0).length");
    });
    assert_eq!(receive.recv_timeout(PATIENCE).unwrap(), Loss::OutOfMemory);
}
