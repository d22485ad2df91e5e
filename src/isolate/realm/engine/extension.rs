//! The deno_core extensions of an isolate. The engine's context has their ops; their modules are in
//! the realms.

use std::borrow::Cow;
use std::rc::Rc;

use deno_core::{Extension, extension, op2, v8};

use crate::isolate::host::op::op_isolane_call;
use crate::isolate::realm::bootstrap::install::external_references;
use crate::isolate::realm::engine::clock::CoarseClock;
use crate::isolate::realm::engine::deno;
use crate::isolate::state::{IsolateState, TaskEvent, UncaughtError};

extension!(
    isolane,
    deps = [deno_web, deno_crypto],
    ops = [op_isolane_call, op_isolane_console, op_isolane_report],
    esm_entry_point = "ext:isolane/engine.js",
    esm = [dir "src/isolate/realm/js", "engine.js"],
    options = { isolate: Rc<IsolateState> },
    state = |state, options| {
        state.put(CoarseClock);
        state.put(options.isolate.buffers.clone());
        state.put(options.isolate);
    },
);

/// Returns all extensions for the engine's context, with their ops and without their modules.
pub fn extensions(state: Rc<IsolateState>) -> Vec<Extension> {
    let mut all = deno::extensions();
    for extension in &mut all {
        extension.esm_files = Cow::Borrowed(&[]);
        extension.lazy_loaded_esm_files = Cow::Borrowed(&[]);
        extension.esm_entry_point = None;
    }
    let mut ours = isolane::init(state);
    ours.external_references = external_references().into();
    all.push(ours);
    all
}

/// Prints a line of a task's console; `ticket` is negative for code of no task.
#[op2(fast)]
fn op_isolane_console(
    #[state] state: &Rc<IsolateState>,
    #[string] level: &str,
    #[string] text: &str,
    ticket: f64,
) {
    state.print(level, text, ticket_of(ticket));
}

/// Reports an error that no code of the user caught; `ticket` is negative for code of no task.
#[op2]
fn op_isolane_report(
    #[state] state: &Rc<IsolateState>,
    #[global] error: v8::Global<v8::Value>,
    ticket: f64,
) {
    let uncaught = UncaughtError { ticket: ticket_of(ticket), error };
    state.task_events.borrow_mut().push(TaskEvent::Uncaught(uncaught));
}

fn ticket_of(number: f64) -> Option<u64> {
    // Tickets start at 1 and stay far below 2^53.
    (number >= 0.0).then_some(number as u64)
}
