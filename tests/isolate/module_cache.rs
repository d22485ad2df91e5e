//! V8's code caches of worker scripts, which isolates of a process share.

use super::{Bench, number, on_thread, quiet};

/// Runs a handler `answer` in an isolate of its own; then the isolate does its idle work, which keeps its code.
fn answer_of(script: &'static str) -> u64 {
    on_thread(move || {
        let mut bench = Bench::with_script(quiet(), script);
        let answer = number(&bench.handle("answer"));
        bench.isolate.collect_garbage();
        answer
    })
}

#[test]
fn a_script_runs_the_same_from_the_cache() {
    let script = "const twice = (n) => 2 * n; export const answer = () => twice(21);";
    for _ in 0..3 {
        assert_eq!(answer_of(script), 42);
    }
}

#[test]
fn scripts_of_one_name_and_length_are_told_apart() {
    // V8 compares the length of a text with its cache, and nothing else.
    let (one, two) = ("export const answer = () => 1;", "export const answer = () => 2;");
    for _ in 0..2 {
        assert_eq!([answer_of(one), answer_of(two)], [1, 2]);
    }
}
