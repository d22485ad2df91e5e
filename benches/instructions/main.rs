//! The inner loops of a task, whose instructions `tools/instructions.mjs` counts.
//!
//! Prints a line for each case, `name<TAB>operations`, before it is measured; with `--list`, only the names.
//! Valgrind counts what runs inside [`measured`]. A case creates what it needs before that, and drops it after.
#![allow(clippy::print_stdout, reason = "the counter reads which cases there are")]
#![allow(clippy::unwrap_used, reason = "a case that cannot run has no figure")]

mod isolate;
mod scheduler;

use std::hint::black_box;

fn main() {
    // Cargo adds `--bench`. The argument is a name or a part of one, and selects cases.
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

/// A case to count. `run` is given a function that announces the number of operations.
struct Case {
    name: &'static str,
    run: fn(&dyn Fn(u32)),
}

/// Repeats an operation. Valgrind identifies this function by its name.
#[inline(never)]
fn measured(operations: u32, mut operation: impl FnMut(u32)) {
    for number in 0..operations {
        operation(black_box(number));
    }
}
