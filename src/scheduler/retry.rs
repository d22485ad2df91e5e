//! When a failed task may try again. A policy is a value; it neither counts nor waits.

use std::time::Duration;

use super::random::Random;

/// Exponential backoff with a cap and jitter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Attempts after the first.
    pub max_retries: u32,
    /// Delay after the first failed attempt; it doubles with each further one.
    pub backoff: Duration,
    /// No delay is longer.
    pub max_backoff: Duration,
    /// Share of the delay that is random, 0 to 1. It only shortens, so `max_backoff` holds.
    pub jitter: f64,
}

impl Retry {
    /// Whether another attempt may follow when `attempts` were started.
    pub fn allows_another(&self, attempts: u32) -> bool {
        attempts <= self.max_retries
    }

    /// Returns the delay after the failed attempt number `attempt`, which counts from 1.
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
            // The float can round up beyond what a `Duration` holds.
            Duration::try_from_secs_f64(delay.as_secs_f64() * kept).unwrap_or(delay).min(delay)
        } else {
            delay
        }
    }
}
