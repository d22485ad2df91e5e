//! The clock of tasks. Its resolution is a millisecond, because a finer clock helps side-channel
//! attacks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deno_core::{OpState, op2};

/// Denies deno_web a fine clock. [`op_isolane_now`] replaces its coarse one.
pub struct CoarseClock;

impl deno_web::TimersPermission for CoarseClock {
    fn allow_hrtime(&mut self) -> bool {
        false
    }
}

/// Writes the time for `performance.now()`.
#[op2(fast)]
pub fn op_isolane_now(state: &OpState, #[buffer] out: &mut [u8]) {
    write_coarse(state.borrow::<deno_web::StartTime>().elapsed(), out);
}

/// Writes `performance.timeOrigin`, the time at which `performance.now()` was zero.
#[op2(fast)]
pub fn op_isolane_time_origin(state: &OpState, #[buffer] out: &mut [u8]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    write_coarse(now.saturating_sub(state.borrow::<deno_web::StartTime>().elapsed()), out);
}

/// Writes seconds and nanoseconds as `15_performance.js` reads them, in whole milliseconds.
fn write_coarse(time: Duration, out: &mut [u8]) {
    let seconds = time.as_secs() as u32;
    let nanos = time.subsec_millis() * 1_000_000;
    if let Some((first, second)) = out.split_at_mut_checked(4)
        && second.len() >= 4
    {
        first.copy_from_slice(&seconds.to_ne_bytes());
        second[..4].copy_from_slice(&nanos.to_ne_bytes());
    }
}
