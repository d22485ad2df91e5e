//! The deno_core extensions of an isolate: their ops for the engine's context, their modules for the realms.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deno_core::{Extension, OpState, extension, op2, v8};

use super::blobs::op_isolane_create_part;
use super::calls::op_isolane_call;
use super::kit::Kit;
use super::ledger::{Ending, Ledger, Stray};

/// Modules of `deno_web` that have no use in an isolate.
const LEFT_OUT: [&str; 4] = [
    "ext:deno_web/10_filereader.js",
    "ext:deno_web/12_location.js",
    "ext:deno_web/14_compression.js",
    "ext:deno_web/16_image_data.js",
];

extension!(
    isolane,
    deps = [deno_web, deno_crypto],
    ops = [op_isolane_call, op_isolane_console, op_isolane_report],
    esm_entry_point = "ext:isolane/engine.js",
    esm = [dir "src/isolate/realm/js", "engine.js"],
    options = { ledger: Rc<Ledger> },
    state = |state, options| {
        state.put(CoarseClock);
        state.put(options.ledger.buffers.clone());
        state.put(options.ledger);
    },
);

/// Keeps deno_web from a fine clock; its own coarse one is replaced by [`op_isolane_now`].
struct CoarseClock;

impl deno_web::TimersPermission for CoarseClock {
    fn allow_hrtime(&mut self) -> bool {
        false
    }
}

/// Deno's extensions that realms have the modules of, in the order in which they depend on each other.
pub(super) fn parts() -> Vec<Extension> {
    let mut web = deno_web::deno_web::init::<CoarseClock>(Arc::default(), None);
    let kept = web.esm_files.iter().filter(|file| !LEFT_OUT.contains(&file.specifier));
    web.esm_files = kept.cloned().collect::<Vec<_>>().into();
    for op in web.ops.to_mut() {
        match op.name {
            "op_blob_create_part" => {
                *op = op.with_implementation_from(&op_isolane_create_part());
            }
            "op_now" => *op = op.with_implementation_from(&op_isolane_now()),
            "op_time_origin" => *op = op.with_implementation_from(&op_isolane_time_origin()),
            _ => {}
        }
    }
    vec![
        deno_webidl::deno_webidl::init(),
        deno_console::deno_console::init(),
        deno_url::deno_url::init(),
        web,
        deno_crypto::deno_crypto::init(None),
    ]
}

/// All extensions of the engine's context, which has their ops and none of their modules.
pub(super) fn extensions(ledger: Rc<Ledger>) -> Vec<Extension> {
    let mut all = parts();
    for extension in &mut all {
        extension.esm_files = Cow::Borrowed(&[]);
        extension.lazy_loaded_esm_files = Cow::Borrowed(&[]);
        extension.esm_entry_point = None;
    }
    let mut ours = isolane::init(ledger);
    ours.external_references = Kit::external_references().into();
    all.push(ours);
    all
}

/// What `performance.now()` reads: whole milliseconds, as a fine clock is a tool for side channels.
#[op2(fast)]
fn op_isolane_now(state: &OpState, #[buffer] out: &mut [u8]) {
    write_coarse(state.borrow::<deno_web::StartTime>().elapsed(), out);
}

/// What `performance.timeOrigin` reads: when the clock of `performance.now()` stood at zero.
#[op2(fast)]
fn op_isolane_time_origin(state: &OpState, #[buffer] out: &mut [u8]) {
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

/// A line of a task's console; `ticket` is negative for code of no task.
#[op2(fast)]
fn op_isolane_console(
    #[state] ledger: &Rc<Ledger>,
    #[string] level: &str,
    #[string] text: &str,
    ticket: f64,
) {
    ledger.print(level, text, ticket_of(ticket));
}

/// An error that no code of the user caught.
#[op2]
fn op_isolane_report(
    #[state] ledger: &Rc<Ledger>,
    #[global] error: v8::Global<v8::Value>,
    ticket: f64,
) {
    let stray = Stray { ticket: ticket_of(ticket), error };
    ledger.endings.borrow_mut().push(Ending::Stray(stray));
}

fn ticket_of(number: f64) -> Option<u64> {
    // Tickets count from 1 and stay far below 2^53.
    (number >= 0.0).then_some(number as u64)
}
