//! Durations of Rust and milliseconds of JavaScript.

use std::time::Duration;

/// Converts to milliseconds.
pub(super) fn to_ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Converts from milliseconds. Infinity, and anything over a century, becomes a century, which can still be
/// added to an `Instant`.
pub(super) fn from_ms(ms: f64) -> Duration {
    const CENTURY_MS: f64 = 100.0 * 365.25 * 86_400_000.0;
    Duration::from_secs_f64(ms.clamp(0.0, CENTURY_MS) / 1000.0)
}
