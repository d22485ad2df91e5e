//! The worker script and the realms that have it loaded, as methods of `Isolate`: which realm a
//! task gets, and how realms are prepared. No code of a task runs here.

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
use crate::isolate::isolate::Isolate;
use crate::isolate::limits::fatal::InsideIsolate;
use crate::isolate::primitives::string;
use crate::isolate::realm::realm::Realm;
use crate::isolate::spec::{Isolation, Script, Work};
use crate::isolate::state::IsolateState;
use crate::isolate::task::current::set_running;
use crate::isolate::task::job::Job;
use crate::isolate::task::outcome::{Ended, FaultKind};
use crate::isolate::task::running::RunningTask;

/// The interval at which a pending load checks whether to stop.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

impl Isolate {
    /// Loads the worker script into the shared realm and finds its handlers. `stop` is called at
    /// every turn of the event loop, keeps the waker of its context, and ends the load by returning
    /// true.
    ///
    /// # Errors
    /// When the script does not resolve, parse or evaluate, exports no handler, or the load was
    /// stopped.
    ///
    /// # Panics
    /// When a task is in flight.
    pub fn load(
        &mut self,
        script: &Script,
        tokio: &Tokio,
        mut stop: impl FnMut(&Context) -> bool,
    ) -> Result<(), LoadError> {
        let _inside = InsideIsolate::enter();
        let url = self.library.add(script)?;
        let realm = Rc::get_mut(&mut self.shared).expect("no task runs yet");
        load_into(&mut self.runtime, realm, &url, tokio, &mut stop)?;
        self.script = Some(url);
        self.state.rejections.borrow_mut().clear();
        self.process_state();
        Ok(())
    }

    /// Whether [`Isolate::prepare`] has something to do.
    #[must_use]
    pub fn wants_to_prepare(&self) -> bool {
        self.realms.bare.is_wanted() || self.realms.loaded.is_wanted()
    }

    /// Creates realms ahead for tasks like the previous ones. To be called while the worker is
    /// idle.
    pub fn prepare(&mut self) {
        let _inside = InsideIsolate::enter();
        if self.realms.bare.is_wanted() {
            let realm = self.realms.make(self.runtime.deno_runtime().v8_isolate());
            self.realms.bare.realm = Some(realm);
        }
        if self.realms.loaded.is_wanted() {
            // An error is not reported here: the task that needs the realm gets it.
            self.realms.loaded.realm = self.make_loaded_realm(|_| false).ok();
            self.realms.loaded.is_used &= self.realms.loaded.realm.is_some();
            self.process_state();
        }
    }

    /// Creates a realm and loads the worker script into it.
    fn make_loaded_realm(&mut self, stop: impl Fn(&Context) -> bool) -> Result<Realm, LoadError> {
        let mut realm = self.realms.make(self.runtime.deno_runtime().v8_isolate());
        if let Some(url) = self.script.clone() {
            let tokio = self.tokio.clone();
            load_into(&mut self.runtime, &mut realm, &url, &tokio, stop)?;
        }
        Ok(realm)
    }

    /// Returns the realm for a task: the shared one, or a fresh one, prepared or created now.
    pub(in crate::isolate) fn realm_for(
        &mut self,
        ticket: u64,
        attempt: u32,
        job: &Job,
    ) -> Result<Rc<Realm>, Ended> {
        let realm = match (&job.plan.work, job.plan.isolation) {
            (Work::Code(_), _) => {
                self.realms.bare.is_used = true;
                match self.realms.bare.realm.take() {
                    Some(realm) => realm,
                    None => self.realms.make(self.runtime.deno_runtime().v8_isolate()),
                }
            }
            (Work::Handler(_), Isolation::Context) => {
                self.realms.loaded.is_used = true;
                match self.realms.loaded.realm.take() {
                    Some(realm) => realm,
                    None => self.load_for(ticket, attempt)?,
                }
            }
            (Work::Handler(_), _) => return Ok(self.shared.clone()),
        };
        Ok(self.realms.give(self.runtime.deno_runtime().v8_isolate(), realm, ticket))
    }

    /// Loads the worker script into a fresh realm for a task. The task's deadline covers the load.
    fn load_for(&mut self, ticket: u64, attempt: u32) -> Result<Realm, Ended> {
        let interrupter = self.interrupter.clone();
        {
            let scope = &mut self.shared.scope(self.runtime.deno_runtime().v8_isolate());
            set_running(scope, Some(ticket));
        }
        let loaded = self.make_loaded_realm(|_| interrupter.is_terminated(ticket, attempt));
        let Self { runtime, shared, state, .. } = self;
        let scope = &mut shared.scope(runtime.deno_runtime().v8_isolate());
        let scope = &mut v8::TryCatch::new(scope);
        let task = RunningTask { functions: &shared.functions, state, ticket };
        set_running(scope, None);
        if let Some(ended) = task.ended_by_force(scope) {
            return Err(ended);
        }
        if interrupter.is_terminated(ticket, attempt) {
            return Err(Ended::Interrupted);
        }
        loaded.map_err(|error| {
            let message = string(scope, &error.message);
            let error = v8::Exception::error(scope, message);
            task.thrown(scope, error, FaultKind::Thrown)
        })
    }
}

/// Evaluates the worker script in a realm and finds its handlers.
///
/// `stop` is called at every turn of the event loop, keeps the waker of its context, and ends the
/// load by returning true.
///
/// # Errors
/// When the script does not resolve, parse or evaluate, exports no handler, or the load was
/// stopped.
fn load_into(
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
    // Runs the event loop until the evaluation settles. Timers that the module has set may still be
    // pending then.
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
