//! What a pool measures: run, wait and total times of its tasks.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::scheduler::Timing;

/// Times from a microsecond to an hour, to two significant digits: 20 KB for each histogram.
const HIGHEST_US: u64 = 3_600_000_000;
const DIGITS: u8 = 2;

/// Seconds over which the rate of tasks is taken.
const RATE_WINDOW: u64 = 10;

/// Times and rates of settled tasks, since the start.
#[derive(Debug)]
pub struct Recorder {
    run: Histogram<u64>,
    wait: Histogram<u64>,
    total: Histogram<u64>,
    rate: Rate,
}

/// Figures of one histogram, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary {
    pub min: f64,
    pub mean: f64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// Everything recorded, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    pub run: Summary,
    pub wait: Summary,
    pub total: Summary,
    pub tasks_per_second: f64,
}

impl Recorder {
    /// # Panics
    /// Never: the bounds of its histograms are valid.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        let histogram = || {
            Histogram::new_with_max(HIGHEST_US, DIGITS)
                .expect("the bounds of a histogram are valid")
        };
        Self { run: histogram(), wait: histogram(), total: histogram(), rate: Rate::new(now) }
    }

    /// Adds a task that was settled at `now`. One that never started counts for the rate alone.
    pub fn record(&mut self, timing: &Timing, now: Instant) {
        self.rate.count(now);
        if timing.attempts == 0 {
            return;
        }
        self.run.saturating_record(micros(timing.ran));
        self.wait.saturating_record(micros(timing.waited));
        self.total.saturating_record(micros(timing.total));
    }

    /// Everything recorded so far.
    #[must_use]
    pub fn figures(&mut self, now: Instant) -> Figures {
        Figures {
            run: summary(&self.run),
            wait: summary(&self.wait),
            total: summary(&self.total),
            tasks_per_second: self.rate.per_second(now),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(HIGHEST_US)
}

fn summary(histogram: &Histogram<u64>) -> Summary {
    if histogram.is_empty() {
        return Summary::default();
    }
    let ms = |micros: u64| micros as f64 / 1000.0;
    Summary {
        min: ms(histogram.min()),
        mean: histogram.mean() / 1000.0,
        p50: ms(histogram.value_at_quantile(0.5)),
        p95: ms(histogram.value_at_quantile(0.95)),
        p99: ms(histogram.value_at_quantile(0.99)),
        max: ms(histogram.max()),
    }
}

/// Settled tasks in each of the last seconds.
#[derive(Debug)]
struct Rate {
    start: Instant,
    /// (second since the start, tasks), oldest first.
    seconds: VecDeque<(u64, u64)>,
}

impl Rate {
    fn new(start: Instant) -> Self {
        Self { start, seconds: VecDeque::with_capacity(RATE_WINDOW as usize + 1) }
    }

    fn count(&mut self, now: Instant) {
        let second = self.second(now);
        match self.seconds.back_mut() {
            Some((last, tasks)) if *last >= second => *tasks += 1,
            _ => {
                self.forget(second);
                self.seconds.push_back((second, 1));
            }
        }
    }

    fn per_second(&mut self, now: Instant) -> f64 {
        self.forget(self.second(now));
        let tasks: u64 = self.seconds.iter().map(|(_, tasks)| tasks).sum();
        let span = now.saturating_duration_since(self.start).as_secs_f64();
        tasks as f64 / span.clamp(1.0, RATE_WINDOW as f64)
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.start).as_secs()
    }

    fn forget(&mut self, second: u64) {
        while self.seconds.front().is_some_and(|(first, _)| first + RATE_WINDOW <= second) {
            self.seconds.pop_front();
        }
    }
}
