//! Spins for a short time before a thread sleeps, because waking a sleeping thread takes longer than most
//! tasks.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Maximum time: about what a caller needs to receive a result and to submit the next task.
const LIMIT: Duration = Duration::from_micros(50);

/// On a single core, a spinning thread would delay the thread that it waits for.
static MANY_CORES: LazyLock<bool> =
    LazyLock::new(|| thread::available_parallelism().is_ok_and(|cores| cores.get() > 1));

/// Lets one worker of a pool spin at a time: a second one would take a core from a working thread.
#[derive(Debug, Default)]
pub struct Spin {
    taken: AtomicBool,
}

impl Spin {
    /// Returns whether the caller may spin. If so, it must call [`Spin::until`] at once.
    pub fn begin(&self) -> bool {
        *MANY_CORES && !self.taken.swap(true, Ordering::Acquire)
    }

    /// Spins until `is_ready`, or until the time is over.
    pub fn until(&self, is_ready: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_ready() && start.elapsed() < LIMIT {
            // Yields to a thread that has work and no core.
            thread::yield_now();
        }
        self.taken.store(false, Ordering::Release);
    }
}
