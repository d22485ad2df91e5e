//! The inner loops of a task, for `tools/instructions.mjs` to count the instructions of.
//!
//! Prints a line for each case, `name<TAB>operations`, before it is measured; with `--list`, the names alone. What valgrind collects is what
//! runs inside [`measured`]; whatever a case needs is made before and dropped after it.
#![allow(clippy::print_stdout, reason = "the counter reads which cases there are")]
#![allow(clippy::unwrap_used, reason = "a case that cannot run has no figure")]

mod isolate;
mod scheduler;

use std::hint::black_box;

fn main() {
    // Cargo adds `--bench`; a name, or a part of one, chooses.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let wanted = arguments.next();
    for case in scheduler::CASES.iter().chain(isolate::CASES) {
        match wanted.as_deref() {
            Some("--list") => println!("{}", case.name),
            Some(wanted) if !case.name.contains(wanted) => {}
            _ => (case.run)(&|operations| println!("{}\t{operations}", case.name)),
        }
    }
}

/// One of the things that are counted. `run` is given what announces so many operations.
struct Case {
    name: &'static str,
    run: fn(&dyn Fn(u32)),
}

/// Does it so often, in the eyes of valgrind, which knows this function by its name.
#[inline(never)]
fn measured(operations: u32, mut operation: impl FnMut(u32)) {
    for number in 0..operations {
        operation(black_box(number));
    }
}
