//! V8's platform: one for the process, made before any isolate.

use std::sync::Once;

use deno_core::{JsRuntime, v8};

use crate::isolate::limits::fatal;

static PLATFORM: Once = Once::new();

/// * V8 13.7 takes the interrupt check out of unrolled loops. In an endless loop that allocates, such as
///   `for (;;) new Array(1000).fill(1)`, it then hears neither an interrupt nor a termination: the task
///   could not be ended and took memory without end.
/// * What lives on in a young generation is little between tasks, and a worker collects it sooner alone than
///   it wakes threads to help, on cores that other workers use.
const FLAGS: &str = "--no-turboshaft-loop-unrolling --no-parallel-scavenge";

/// Initialises V8 for this process, and what becomes of its fatal errors and of panics below it; only
/// the first call does something.
///
/// The platform is the unprotected one. The default one guards V8's code pages with memory
/// protection keys, which only threads that descend from the initialising thread may pass; the
/// threads of a pool need not (rusty_v8 #1381).
pub fn initialise() {
    PLATFORM.call_once(|| {
        v8::V8::set_flags_from_string(FLAGS);
        // Zero would mean "one for each core" for some kinds of platform and a crash for others.
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4) as u32);
        let platform = v8::new_unprotected_default_platform(threads, false);
        JsRuntime::init_platform(Some(platform.make_shared()), false);
        fatal::install();
    });
}

/// Returns the version of the V8 that is linked, such as `13.7.152.14`.
#[must_use]
pub fn v8_version() -> &'static str {
    v8::V8::get_version().trim_end_matches("-rusty")
}
