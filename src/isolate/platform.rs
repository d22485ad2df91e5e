//! V8's platform: one for the process, made before any isolate.

use std::sync::Once;
use std::time::{Duration, Instant};

use deno_core::{JsRuntime, v8};
use parking_lot::Mutex;

use super::fatal;

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

/// How often the C library is asked at most: it looks through the arenas of all threads, and a pool of a
/// thousand workers that is closed would ask a thousand times.
const ASK: Duration = Duration::from_secs(1);

/// Gives memory back to the system that the C library keeps for itself: glibc holds what isolates have
/// freed in the arenas of their threads, hundreds of megabytes after tasks with large buffers. Where that was
/// done a moment ago, only `at_last`; says whether it was done now.
pub fn trim_memory(at_last: bool) -> bool {
    static ASKED: Mutex<Option<Instant>> = Mutex::new(None);
    let now = Instant::now();
    {
        let mut asked = ASKED.lock();
        if !at_last && asked.is_some_and(|asked| now - asked < ASK) {
            return false;
        }
        *asked = Some(now);
    }
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        unsafe extern "C" {
            fn malloc_trim(pad: usize) -> std::ffi::c_int;
        }
        // SAFETY: it may be called from any thread at any time.
        unsafe { malloc_trim(0) };
    }
    true
}
