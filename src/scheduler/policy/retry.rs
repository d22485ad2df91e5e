//! Whether and when a failed task is tried again.
//!
//! A policy is a value: it neither counts attempts nor waits.

use std::time::Duration;

use crate::scheduler::random::Random;

/// Exponential backoff with a cap and jitter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Maximum number of attempts after the first.
    pub max_retries: u32,
    /// Delay after the first failed attempt; it doubles with each further one.
    pub backoff: Duration,
    /// Maximum delay.
    pub max_backoff: Duration,
    /// Random share of the delay, from 0 to 1. It only shortens the delay, so that `max_backoff` holds.
    pub jitter: f64,
}

impl Retry {
    /// Returns whether another attempt may follow after `attempts` were started.
    pub fn allows_another(&self, attempts: u32) -> bool {
        attempts <= self.max_retries
    }

    /// Returns the delay after the failed attempt `attempt`, counted from 1.
    pub fn delay(&self, attempt: u32, random: &mut Random) -> Duration {
        let mut delay = self.backoff;
        for _ in 1..attempt {
            if delay.is_zero() || delay >= self.max_backoff {
                break;
            }
            delay = delay.saturating_mul(2);
        }
        let delay = delay.min(self.max_backoff);
        if self.jitter > 0.0 {
            let kept = 1.0 - self.jitter.min(1.0) * random.unit();
            // The float can be rounded up beyond the range of `Duration`.
            Duration::try_from_secs_f64(delay.as_secs_f64() * kept).unwrap_or(delay).min(delay)
        } else {
            delay
        }
    }
}
