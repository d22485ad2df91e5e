//! The current task: the one whose code runs. Its ticket is V8's continuation-preserved embedder
//! data.
//!
//! V8 carries that data over `await` and promise reactions; `realm/js/timers.js` carries it over
//! timers.

use std::rc::Rc;

use deno_core::v8;

use crate::isolate::primitives::number;

/// The context of deno_core, in which no code of a user runs. A slot of the isolate.
pub struct EngineContext(pub v8::Global<v8::Context>);

impl EngineContext {
    /// Returns the context of this isolate; `None` before its callbacks are installed.
    pub fn of(isolate: &v8::Isolate) -> Option<Rc<Self>> {
        isolate.get_slot::<Rc<Self>>().cloned()
    }
}

/// Makes `ticket` the current task; `None` stands for code of no task. Promise reactions and timers
/// that the code starts inherit it.
pub fn set_running(scope: &mut v8::HandleScope, ticket: Option<u64>) {
    let data = match ticket {
        Some(ticket) => number(scope, ticket),
        None => v8::undefined(scope).into(),
    };
    scope.set_continuation_preserved_embedder_data(data);
}

/// Returns the current task.
pub fn running_ticket(scope: &mut v8::HandleScope) -> Option<u64> {
    let data = scope.get_continuation_preserved_embedder_data();
    data.is_number().then(|| data.number_value(scope)).flatten().map(|ticket| ticket as u64)
}

/// Returns the current task, for callbacks that get only the isolate from V8.
pub fn running(isolate: &mut v8::Isolate) -> Option<u64> {
    let engine = EngineContext::of(isolate)?;
    // SAFETY: V8 calls back on the isolate's thread with the isolate entered, which is what a callback
    // scope needs.
    let scope = &mut unsafe { v8::CallbackScope::new(isolate) };
    let scope = &mut v8::HandleScope::new(scope);
    let context = v8::Local::new(scope, &engine.0);
    let scope = &mut v8::ContextScope::new(scope, context);
    running_ticket(scope)
}
