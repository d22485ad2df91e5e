//! V8's platform and flags: set once for the process, before any isolate is created.

use std::sync::Once;

use deno_core::{JsRuntime, v8};

use crate::isolate::limits::fatal;

static PLATFORM: Once = Once::new();

/// The flags that V8 gets.
///
/// * `--no-turboshaft-loop-unrolling`: V8 13.7 removes the interrupt check from unrolled loops. An
///   endless loop that allocates, such as `for (;;) new Array(1000).fill(1)`, then receives neither
///   interrupts nor terminations: its task could not be ended and would allocate without a limit.
/// * `--no-parallel-scavenge`: between tasks few objects of the young generation survive. A worker
///   collects them faster alone than it wakes helper threads, on cores that other workers use.
const FLAGS: &str = "--no-turboshaft-loop-unrolling --no-parallel-scavenge";

/// Initialises V8 for this process, and installs the handlers of fatal errors and panics. Only the
/// first call has an effect.
///
/// The platform is the unprotected one. The default one protects V8's code pages with memory
/// protection keys, which only descendants of the initialising thread may pass; the threads of a
/// pool need not be descendants (rusty_v8 #1381).
pub fn initialise() {
    PLATFORM.call_once(|| {
        v8::V8::set_flags_from_string(FLAGS);
        // 0 means one thread for each core on some platforms, and a crash on others.
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4) as u32);
        let platform = v8::new_unprotected_default_platform(threads, false);
        JsRuntime::init_platform(Some(platform.make_shared()), false);
        fatal::install();
    });
}

/// Returns the version of the linked V8, such as `13.7.152.14`.
#[must_use]
pub fn v8_version() -> &'static str {
    v8::V8::get_version().trim_end_matches("-rusty")
}
