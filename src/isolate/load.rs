//! Loading the worker script into a realm.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use deno_core::{PollEventLoopOptions, v8};
use rustyscript::Runtime;
use rustyscript::tokio::runtime::Runtime as Tokio;
use tokio::time::sleep;

use crate::isolate::code::handlers::Handlers;
use crate::isolate::code::load_error::LoadError;
use crate::isolate::realm::realm::Realm;
use crate::isolate::state::IsolateState;

/// The interval at which a load that waits checks whether it is to stop.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

/// Evaluates the worker script in a realm and finds its handlers.
///
/// Ends early where `stop` returns true; it is called whenever the event loop turns, and keeps the waker of the context
/// that it is given.
///
/// # Errors
/// When the script does not resolve, parse or evaluate, exports no handler, or was stopped.
pub fn load_into(
    runtime: &mut Runtime,
    realm: &mut Realm,
    url: &Rc<str>,
    tokio: &Tokio,
    mut stop: impl FnMut(&Context) -> bool,
) -> Result<(), LoadError> {
    let (module, evaluation) = {
        let scope = &mut realm.scope(runtime.deno_runtime().v8_isolate());
        let (module, evaluation) = realm.modules.run(scope, url)?;
        (v8::Global::new(scope, module), v8::Global::new(scope, evaluation))
    };
    let mut tick = pin!(None);
    // Until it settles, and not until no timer is left that the module has set.
    tokio.block_on(poll_fn(|cx| {
        loop {
            if stop(cx) {
                let message = "loading was given up".to_owned();
                return Poll::Ready(Err(LoadError { message, ..Default::default() }));
            }
            let deno = runtime.deno_runtime();
            {
                let scope = &mut realm.scope(deno.v8_isolate());
                let promise = v8::Local::new(scope, &evaluation);
                match promise.state() {
                    v8::PromiseState::Fulfilled => return Poll::Ready(Ok(())),
                    v8::PromiseState::Rejected => {
                        if let Some(state) = IsolateState::of(scope) {
                            state.mark_handled(&evaluation);
                        }
                        let reason = promise.result(scope);
                        return Poll::Ready(Err(LoadError::of(scope, reason)));
                    }
                    v8::PromiseState::Pending => {}
                }
            }
            let polled = deno.poll_event_loop(cx, PollEventLoopOptions::default());
            if let Poll::Ready(Err(error)) = polled {
                let message = error.to_string();
                return Poll::Ready(Err(LoadError { message, ..Default::default() }));
            }
            let scope = &mut realm.scope(deno.v8_isolate());
            if v8::Local::new(scope, &evaluation).state() != v8::PromiseState::Pending {
                continue;
            }
            if tick.is_none() {
                tick.set(Some(sleep(CHECK_INTERVAL)));
            }
            let Some(ticking) = tick.as_mut().as_pin_mut() else { return Poll::Pending };
            if ticking.poll(cx).is_pending() {
                return Poll::Pending;
            }
            tick.set(None);
        }
    }))?;
    let scope = &mut realm.scope(runtime.deno_runtime().v8_isolate());
    let module = v8::Local::new(scope, module);
    realm.handlers = Handlers::of(scope, module)?;
    Ok(())
}
