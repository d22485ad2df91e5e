//! A point in time in one word: half of an `Instant`, and compared and subtracted in one step. There is one for
//! every task that waits, and some are made for each that runs.

use std::time::{Duration, Instant};

/// Nanoseconds since the scheduler was made; they last for 584 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    pub(super) const START: Self = Self(0);
    pub(super) const NEVER: Self = Self(u64::MAX);

    /// What was before the start counts as that.
    #[inline]
    pub(super) fn of(instant: Instant, start: Instant) -> Self {
        Self(nanos(instant.saturating_duration_since(start)))
    }

    #[inline]
    pub(super) fn instant(self, start: Instant) -> Instant {
        start + Duration::from_nanos(self.0)
    }

    #[inline]
    pub(super) fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// Returns the moment `span` after `from`, at most some 30 years away.
#[inline]
pub(super) fn later(from: Moment, span: Duration) -> Moment {
    // Tokio's "far future": 1000 years overflow on macOS, 100 years on FreeBSD.
    const FAR: u64 = 86_400 * 365 * 30 * 1_000_000_000;
    Moment(from.0.saturating_add(nanos(span).min(FAR)))
}

#[inline]
fn nanos(span: Duration) -> u64 {
    const NANOS: u64 = 1_000_000_000;
    span.as_secs().saturating_mul(NANOS).saturating_add(u64::from(span.subsec_nanos()))
}
