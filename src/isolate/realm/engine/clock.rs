//! The clock of tasks: whole milliseconds, because a fine clock is a tool for side channels.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deno_core::{OpState, op2};

/// Keeps deno_web from a fine clock; its own coarse one is replaced by [`op_isolane_now`].
pub struct CoarseClock;

impl deno_web::TimersPermission for CoarseClock {
    fn allow_hrtime(&mut self) -> bool {
        false
    }
}

/// What `performance.now()` reads: whole milliseconds, as a fine clock is a tool for side channels.
#[op2(fast)]
pub fn op_isolane_now(state: &OpState, #[buffer] out: &mut [u8]) {
    write_coarse(state.borrow::<deno_web::StartTime>().elapsed(), out);
}

/// What `performance.timeOrigin` reads: when the clock of `performance.now()` stood at zero.
#[op2(fast)]
pub fn op_isolane_time_origin(state: &OpState, #[buffer] out: &mut [u8]) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    write_coarse(now.saturating_sub(state.borrow::<deno_web::StartTime>().elapsed()), out);
}

/// Writes seconds and nanoseconds as `15_performance.js` reads them, in steps of a millisecond.
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
