//! The recorder of a pool.
//!
//! Owns the histograms. Takes the time as an argument, and never allocates for a task.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::rate::Rate;
use super::summary::Summary;

/// Histograms cover 1 µs to an hour, with two significant digits. Each takes 20 KB.
const HIGHEST_US: u64 = 3_600_000_000;
const SIGNIFICANT_DIGITS: u8 = 2;

/// The times of a settled task.
#[derive(Clone, Copy, Debug)]
pub struct TaskTimes {
    /// Run time of its last attempt; `None` if it never started.
    pub ran: Option<Duration>,
    pub waited: Duration,
    pub total: Duration,
}

/// Records times and rate of settled tasks since the start.
#[derive(Debug)]
pub struct Recorder {
    run: Histogram<u64>,
    wait: Histogram<u64>,
    total: Histogram<u64>,
    rate: Rate,
}

/// Everything that was recorded up to a point in time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    pub run: Summary,
    pub wait: Summary,
    pub total: Summary,
    pub tasks_per_second: f64,
}

impl Recorder {
    /// Creates a recorder that has recorded nothing.
    ///
    /// # Panics
    /// Never: the bounds of its histograms are valid.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        let histogram = || {
            Histogram::new_with_max(HIGHEST_US, SIGNIFICANT_DIGITS)
                .expect("the bounds of a histogram are valid")
        };
        Self { run: histogram(), wait: histogram(), total: histogram(), rate: Rate::new(now) }
    }

    /// Records a task that was settled at `now`. One that never started counts only for the rate.
    pub fn record(&mut self, times: &TaskTimes, now: Instant) {
        self.rate.count(now);
        let Some(ran) = times.ran else { return };
        self.run.saturating_record(micros(ran));
        self.wait.saturating_record(micros(times.waited));
        self.total.saturating_record(micros(times.total));
    }

    /// Returns everything recorded so far.
    #[must_use]
    pub fn figures(&mut self, now: Instant) -> Figures {
        Figures {
            run: Summary::of(&self.run),
            wait: Summary::of(&self.wait),
            total: Summary::of(&self.total),
            tasks_per_second: self.rate.per_second(now),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(HIGHEST_US)
}
