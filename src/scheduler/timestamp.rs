//! A point in time in one word.
//!
//! Half the size of an `Instant`, and compared and subtracted in one step: every waiting task holds one,
//! and every running task makes several.

use std::time::{Duration, Instant};

/// Nanoseconds since the start of the scheduler. The range is 584 years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    pub(super) const START: Self = Self(0);
    pub(super) const NEVER: Self = Self(u64::MAX);

    /// Converts an instant; one before `start` becomes [`Timestamp::START`].
    #[inline]
    pub(super) fn from_instant(instant: Instant, start: Instant) -> Self {
        Self(nanos(instant.saturating_duration_since(start)))
    }

    #[inline]
    pub(super) fn to_instant(self, start: Instant) -> Instant {
        start + Duration::from_nanos(self.0)
    }

    #[inline]
    pub(super) fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// Returns the timestamp `span` later, where `span` counts as at most 30 years.
    #[inline]
    pub(super) fn saturating_add(self, span: Duration) -> Self {
        // Tokio's "far future": 1000 years overflow on macOS, 100 years on FreeBSD.
        const FAR: u64 = 86_400 * 365 * 30 * 1_000_000_000;
        Self(self.0.saturating_add(nanos(span).min(FAR)))
    }
}

#[inline]
fn nanos(span: Duration) -> u64 {
    const NANOS: u64 = 1_000_000_000;
    span.as_secs().saturating_mul(NANOS).saturating_add(u64::from(span.subsec_nanos()))
}
