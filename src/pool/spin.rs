//! Waiting a moment with open eyes, because waking a sleeping thread takes longer than most tasks.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// About the time that it takes a caller to hear of a result and to send the next task.
const LIMIT: Duration = Duration::from_micros(50);

/// With a single core whoever spins keeps from working the one that it waits for.
static MANY_CORES: LazyLock<bool> =
    LazyLock::new(|| thread::available_parallelism().is_ok_and(|cores| cores.get() > 1));

/// Lets one worker of a pool spin at a time: a second one would take a core from somebody at work.
#[derive(Debug, Default)]
pub(super) struct Spin {
    taken: AtomicBool,
}

impl Spin {
    /// Whether the caller may spin; then it calls [`Spin::until`] at once.
    pub fn begin(&self) -> bool {
        *MANY_CORES && !self.taken.swap(true, Ordering::Acquire)
    }

    /// Returns when there is something to do, or the time is over.
    pub fn until(&self, is_ready: impl Fn() -> bool) {
        let start = Instant::now();
        while !is_ready() && start.elapsed() < LIMIT {
            // Gives way to a thread that has work and no core.
            thread::yield_now();
        }
        self.taken.store(false, Ordering::Release);
    }
}
