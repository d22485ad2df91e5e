//! Source texts that are nested too deep for a parser on the isolate's own stack.

use super::{Bench, number, on_thread, quiet};
use isolane::isolate::Ended;

/// Runs a code task, which may fail, and checks that the isolate stays usable.
fn run(code: String) {
    on_thread(move || {
        let mut bench = Bench::new(quiet());
        assert!(matches!(bench.run(&code), Ended::Failed(_) | Ended::Done(_)));
        assert_eq!(number(&bench.run("return 7")), 7);
    });
}

#[test]
fn javascript_that_is_nested_too_deep_costs_the_task_alone() {
    run(format!("return {}1{}", "(".repeat(100_000), ")".repeat(100_000)));
}

#[test]
fn typescript_that_is_nested_too_deep_costs_the_task_alone() {
    run(format!("const n: number = 1; {}", "[".repeat(40_000)));
    run(format!("type T = {}1{}", "(".repeat(40_000), ")".repeat(40_000)));
    run(format!("const n: number = 1; {}{}", "{".repeat(40_000), "}".repeat(40_000)));
}

#[test]
fn nothing_runs_of_a_text_that_leaves_its_function() {
    on_thread(|| {
        let mut bench = Bench::new(quiet());
        for code in [
            "}, globalThis.out = 1, async function () {",
            "const n: number = 1; }, globalThis.out = 1, async function () {",
        ] {
            assert!(matches!(bench.run(code), Ended::Failed(_)));
            assert_eq!(number(&bench.run("return globalThis.out ?? 7")), 7);
        }
    });
}
