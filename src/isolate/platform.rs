//! V8's platform: one for the process, made before any isolate.

use std::sync::Once;

use deno_core::{JsRuntime, v8};

static PLATFORM: Once = Once::new();

/// Initialises V8 for this process; only the first call does something.
///
/// The platform is the unprotected one. The default one guards V8's code pages with memory
/// protection keys, which only threads that descend from the initialising thread may pass; the
/// threads of a pool need not (rusty_v8 #1381).
pub fn initialise() {
    PLATFORM.call_once(|| {
        // Zero would mean "one for each core" for some kinds of platform and a crash for others.
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(4) as u32);
        let platform = v8::new_unprotected_default_platform(threads, false);
        JsRuntime::init_platform(Some(platform.make_shared()), false);
    });
}
