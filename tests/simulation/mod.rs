//! Simulates pools with random faults in virtual time, one pool for each seed.
//!
//! `ISOLANE_SEEDS` is the number of seeds, from `ISOLANE_FIRST_SEED` on. `ISOLANE_SEED` runs only that seed
//! and prints its trace (`cargo test simulation -- --nocapture`). A failure prints the seed and its last steps.

mod model;
mod world;

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use world::World;

type Trace = RefCell<Vec<String>>;

/// Takes some seconds.
const SEEDS: u64 = if cfg!(debug_assertions) { 2_000 } else { 20_000 };
const LAST_STEPS: usize = 60;

#[test]
fn every_seed_keeps_all_promises() {
    if let Some(seed) = from_env("ISOLANE_SEED") {
        let trace = Trace::default();
        let result = live(seed, Some(&trace));
        eprintln!("{}", trace.borrow().join("\n"));
        assert!(result.is_ok(), "seed {seed} breaks a promise");
        return;
    }
    let start = from_env("ISOLANE_FIRST_SEED").unwrap_or(0);
    let end = start + from_env("ISOLANE_SEEDS").unwrap_or(SEEDS);
    let threads = thread::available_parallelism().map_or(1, |n| n.get() as u64);
    thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (start..end).filter(|seed| seed % threads == thread) {
                    if live(seed, None).is_err() {
                        fail(seed);
                    }
                }
            });
        }
    });
}

fn live(seed: u64, trace: Option<&Trace>) -> thread::Result<()> {
    catch_unwind(AssertUnwindSafe(|| World::new(seed, trace).live()))
}

/// Runs a failed seed again, to record its trace. The other seeds run without a trace, which is faster.
fn fail(seed: u64) -> ! {
    let trace = Trace::default();
    let _ = live(seed, Some(&trace));
    let trace = trace.borrow();
    let last = &trace[trace.len().saturating_sub(LAST_STEPS)..];
    panic!(
        "ISOLANE_SEED={seed} breaks a promise, said above. Its last steps:\n{}",
        last.join("\n")
    );
}

fn from_env(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}
