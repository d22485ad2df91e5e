//! The callbacks and slots of an isolate, installed once when it is created.

use std::rc::Rc;

use deno_core::v8;
use rustyscript::Runtime;

use crate::isolate::code::modules::import;
use crate::isolate::code::modules::library::Library;
use crate::isolate::code::modules::realm_modules::AllRealmModules;
use crate::isolate::code::stack;
use crate::isolate::limits::fatal;
use crate::isolate::limits::interrupt::on_collected;
use crate::isolate::limits::interrupter::Interrupter;
use crate::isolate::realm::bootstrap::bootstrap::bootstrap;
use crate::isolate::realm::bootstrap::install::engine_ops;
use crate::isolate::realm::data::Realms;
use crate::isolate::realm::engine::airlock::Airlock;
use crate::isolate::state::{IsolateState, UncaughtError};
use crate::isolate::task::current::{EngineContext, running_ticket};

/// The heap may grow to this many times its limit while V8 terminates the task.
const MAX_HEAP_GROWTH: usize = 4;

/// Installs the callbacks that V8 calls while JavaScript runs, and the slots that they look up.
pub fn install(
    runtime: &mut Runtime,
    state: &Rc<IsolateState>,
    library: Rc<Library>,
    interrupter: Interrupter,
    limit: usize,
) {
    let deno = runtime.deno_runtime();
    let airlock =
        Airlock::new(&mut deno.handle_scope(), engine_ops(), |op| bootstrap().is_async(op));
    let context = deno.main_context();
    let (near_limit_state, heartbeat) = (state.clone(), interrupter.heartbeat());
    let max_heap = limit * MAX_HEAP_GROWTH;
    deno.add_near_heap_limit_callback(move |current, _| {
        near_limit_state.heap_exhausted.set(true);
        interrupter.terminate_current();
        // V8 needs memory to terminate the task; the isolate is replaced afterwards. The growth is
        // bounded: where V8 cannot terminate within the bound, it reports a fatal out-of-memory
        // error, and the isolate is lost.
        (current * 2).min(max_heap).max(current)
    });
    let isolate = deno.v8_isolate();
    isolate.set_allow_atomics_wait(false);
    isolate.set_prepare_stack_trace_callback(stack::prepare);
    fatal::install_oom_handler(isolate);
    isolate.add_gc_epilogue_callback(
        on_collected,
        std::ptr::null_mut(),
        v8::GCType::kGCTypeMarkSweepCompact,
    );
    state.buffers.attach(isolate);
    isolate.set_host_import_module_dynamically_callback(import::import_dynamically);
    isolate.set_host_initialize_import_meta_object_callback(import::describe_module);
    isolate.set_slot(state.clone());
    isolate.set_slot(Rc::new(EngineContext(context)));
    isolate.set_slot(Rc::new(airlock));
    isolate.set_slot(library);
    isolate.set_slot(heartbeat);
    isolate.set_slot(Rc::<Realms>::default());
    isolate.set_slot(Rc::<AllRealmModules>::default());
    isolate.set_promise_reject_callback(on_promise_reject);
}

/// Records rejected promises until they get a handler or the state is processed.
unsafe extern "C" fn on_promise_reject(message: v8::PromiseRejectMessage) {
    // SAFETY: V8 calls this with the isolate entered, which is what a callback scope needs.
    let scope = &mut unsafe { v8::CallbackScope::new(&message) };
    let Some(state) = IsolateState::of(scope) else { return };
    let promise = v8::Global::new(scope, message.get_promise());
    match message.get_event() {
        v8::PromiseRejectEvent::PromiseRejectWithNoHandler => {
            let Some(error) = message.get_value() else { return };
            let ticket = running_ticket(scope);
            let error = v8::Global::new(scope, error);
            state.rejections.borrow_mut().push((promise, UncaughtError { ticket, error }));
        }
        v8::PromiseRejectEvent::PromiseHandlerAddedAfterReject => {
            state.rejections.borrow_mut().retain(|(rejected, _)| *rejected != promise);
        }
        // A settled promise was resolved or rejected again. As in the language, this has no effect.
        _ => {}
    }
}
