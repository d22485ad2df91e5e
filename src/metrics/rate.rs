//! The rate of settled tasks over the last seconds.
//!
//! Memory is bounded by the window, whatever the rate.

use std::collections::VecDeque;
use std::time::Instant;

/// Seconds over which the rate is averaged.
const WINDOW: u64 = 10;

/// Counts settled tasks in each of the last [`WINDOW`] seconds.
#[derive(Debug)]
pub(super) struct Rate {
    start: Instant,
    /// Pairs of a second since the start and its number of tasks, oldest first.
    seconds: VecDeque<(u64, u64)>,
}

impl Rate {
    pub fn new(start: Instant) -> Self {
        Self { start, seconds: VecDeque::with_capacity(WINDOW as usize + 1) }
    }

    #[inline]
    pub fn count(&mut self, now: Instant) {
        let second = self.second(now);
        match self.seconds.back_mut() {
            Some((last, tasks)) if *last >= second => *tasks += 1,
            _ => {
                self.drop_before(second);
                self.seconds.push_back((second, 1));
            }
        }
    }

    pub fn per_second(&mut self, now: Instant) -> f64 {
        self.drop_before(self.second(now));
        let tasks: u64 = self.seconds.iter().map(|(_, tasks)| tasks).sum();
        let span = now.saturating_duration_since(self.start).as_secs_f64();
        tasks as f64 / span.clamp(1.0, WINDOW as f64)
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_secs()
    }

    /// Drops the seconds that are out of the window that ends with `second`.
    fn drop_before(&mut self, second: u64) {
        while self.seconds.front().is_some_and(|(first, _)| first + WINDOW <= second) {
            self.seconds.pop_front();
        }
    }
}
