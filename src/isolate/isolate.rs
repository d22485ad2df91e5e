//! `Isolate`: one V8 isolate with its realm, its handlers and the tasks in flight in it.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use deno_core::{PollEventLoopOptions, v8};
use deno_web::BlobStore;
use rustyscript::tokio::runtime::Runtime as Tokio;
use rustyscript::{Runtime, RuntimeOptions};

use crate::isolate::callbacks;
use crate::isolate::code::code_cache::CodeCache;
use crate::isolate::code::library::Library;
use crate::isolate::code::load_error::LoadError;
use crate::isolate::code::stack::SourceMapping;
use crate::isolate::hooks::Hooks;
use crate::isolate::host::calls::Calls;
use crate::isolate::limits::buffers::Buffers;
use crate::isolate::limits::fatal::{InsideIsolate, LossReporter};
use crate::isolate::limits::interrupt::on_refusal;
use crate::isolate::limits::interrupter::Interrupter;
use crate::isolate::limits::memory::Memory;
use crate::isolate::load::load_into;
use crate::isolate::primitives::string;
use crate::isolate::realm::engine::extension;
use crate::isolate::realm::realm::{Realm, RealmOptions};
use crate::isolate::realm::snapshot::snapshot;
use crate::isolate::realm::supply::RealmSupply;
use crate::isolate::spec::{Isolation, Script, Spec, Work};
use crate::isolate::state::IsolateState;
use crate::isolate::task::current::set_running;
use crate::isolate::task::job::Job;
use crate::isolate::task::outcome::{Ended, FaultKind, Leftover};
use crate::isolate::task::running::RunningTask;

/// A persistent isolate. All of its methods are called on the thread that made it, inside the context of the tokio
/// runtime that it was given.
pub struct Isolate {
    pub(in crate::isolate) runtime: Runtime,
    interrupter: Interrupter,
    /// The realm of handlers that share state.
    pub(in crate::isolate) shared: Rc<Realm>,
    /// Fresh realms for tasks that must see nothing of others.
    realms: RealmSupply,
    library: Rc<Library>,
    blobs: Arc<BlobStore>,
    /// The URL of the worker script in the library.
    script: Option<Rc<str>>,
    tokio: Rc<Tokio>,
    code: CodeCache,
    pub(in crate::isolate) state: Rc<IsolateState>,
    /// The tasks whose promise has not settled, by ticket.
    pub(in crate::isolate) pending: HashMap<u64, Pending>,
    pub(in crate::isolate) ended: Vec<(u64, u32, Ended)>,
    /// A handler of the worker script has run.
    has_handled: bool,
    /// Pending tasks may never settle, for instance because V8 dropped queued microtasks.
    pub(in crate::isolate) broken: bool,
    /// Dropped last, because V8 can also fail while the isolate is dropped.
    _loss_reporter: LossReporter,
}

/// A task whose promise has not settled.
pub(in crate::isolate) struct Pending {
    pub attempt: u32,
    pub realm: Rc<Realm>,
    /// The arguments of a filter, of which the inputs may be the result.
    pub filter_scope: Option<v8::Global<v8::Value>>,
}

impl Isolate {
    /// Makes an isolate without handlers.
    ///
    /// # Errors
    /// When V8 or the extensions do not start. No code of a user can cause that.
    pub fn new(spec: &Spec, tokio: Rc<Tokio>, hooks: Hooks) -> Result<Self, LoadError> {
        let loss_reporter = LossReporter::over_this_thread(hooks.lost);
        let _inside = InsideIsolate::enter();
        let buffers = Buffers::new(spec.memory_limit, on_refusal);
        let params = v8::CreateParams::default()
            .heap_limits(0, spec.memory_limit)
            .array_buffer_allocator(buffers.allocator());
        let calls = Calls::new(spec.max_host_calls, spec.memory_limit, hooks.call);
        let state = Rc::new(IsolateState::new(buffers, calls, hooks.console));
        let mut runtime = Runtime::with_tokio_runtime(
            RuntimeOptions {
                extensions: extension::extensions(state.clone()),
                isolate_params: Some(params),
                startup_snapshot: snapshot(),
                ..Default::default()
            },
            tokio.clone(),
        )
        .map_err(|error| LoadError { message: error.to_string(), ..Default::default() })?;
        let library = Rc::new(Library::new(&spec.imports)?);
        let interrupter = Interrupter::new(runtime.deno_runtime().v8_isolate());
        callbacks::install(
            &mut runtime,
            &state,
            library.clone(),
            interrupter.clone(),
            spec.memory_limit,
        );
        let blobs = runtime.deno_runtime().op_state().borrow().borrow::<Arc<BlobStore>>().clone();
        let options = RealmOptions { env: spec.env.clone(), host: spec.host.clone() };
        let realms = RealmSupply::new(options);
        let shared = Rc::new(realms.make(runtime.deno_runtime().v8_isolate()));
        shared.functions.is_warm.set(true);
        Ok(Self {
            runtime,
            interrupter,
            shared,
            realms,
            library,
            blobs,
            script: None,
            tokio,
            code: CodeCache::new(spec.memory_limit),
            state,
            pending: HashMap::new(),
            ended: Vec::new(),
            has_handled: false,
            broken: false,
            _loss_reporter: loss_reporter,
        })
    }

    /// Loads the worker script and finds its handlers. Stops when `stop` returns true: it is called whenever the event
    /// loop turns, and keeps the waker of the context that it is given.
    ///
    /// # Errors
    /// When the script does not resolve, parse or evaluate, exports no handler, or was stopped.
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

    /// Returns the handle by which other threads end tasks.
    #[must_use]
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }

    /// Runs a task until it ends or waits. Returns `None` where it waits: then [`Isolate::poll`] drives it, and
    /// [`Isolate::take_ended`] returns how it ended.
    pub fn begin(&mut self, ticket: u64, attempt: u32, worker: u32, job: &Job) -> Option<Ended> {
        let _inside = InsideIsolate::enter();
        self.state.in_flight.begin(ticket, attempt);
        self.has_handled |= matches!(job.plan.work, Work::Handler(_));
        let realm = match self.realm_for(ticket, attempt, job) {
            Ok(realm) => realm,
            Err(ended) => {
                self.state.in_flight.end(ticket);
                self.process_state();
                return Some(ended);
            }
        };
        // Read after the attempt was put in flight: an interrupt that comes later finds it there.
        let ended = if self.interrupter.is_terminated(ticket, attempt) {
            Some(Ended::Interrupted)
        } else {
            self.call(ticket, attempt, worker, job, &realm)
        };
        if ended.is_some() {
            self.release_resources(ticket, &realm);
        }
        // Its interrupt may still come, and meet the next task.
        self.broken |= self.is_heap_exhausted() && !self.pending.is_empty();
        self.process_state();
        ended
    }

    /// Whether [`Isolate::prepare`] has something to do.
    #[must_use]
    pub fn wants_to_prepare(&self) -> bool {
        self.realms.bare.is_wanted() || self.realms.loaded.is_wanted()
    }

    /// Makes realms for the next tasks, if these are like the last ones. To be called while the worker is idle.
    pub fn prepare(&mut self) {
        let _inside = InsideIsolate::enter();
        if self.realms.bare.is_wanted() {
            let realm = self.realms.make(self.runtime.deno_runtime().v8_isolate());
            self.realms.bare.realm = Some(realm);
        }
        if self.realms.loaded.is_wanted() {
            // Where it cannot be made, the task that wants it is told why.
            self.realms.loaded.realm = self.make_loaded_realm(|_| false).ok();
            self.realms.loaded.is_used &= self.realms.loaded.realm.is_some();
            self.process_state();
        }
    }

    /// Makes a fresh realm with handlers of its own.
    fn make_loaded_realm(&mut self, stop: impl Fn(&Context) -> bool) -> Result<Realm, LoadError> {
        let mut realm = self.realms.make(self.runtime.deno_runtime().v8_isolate());
        if let Some(url) = self.script.clone() {
            let tokio = self.tokio.clone();
            load_into(&mut self.runtime, &mut realm, &url, &tokio, stop)?;
        }
        Ok(realm)
    }

    fn realm_for(&mut self, ticket: u64, attempt: u32, job: &Job) -> Result<Rc<Realm>, Ended> {
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

    /// Returns how many realms of tasks that are over do not go, whatever is collected.
    pub fn detached_realms(&mut self) -> usize {
        self.realms.detached(&self.state)
    }

    /// Loads the worker script into a fresh realm for a task, on that task's run time.
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

    /// Turns the event loop: timers, promises and calls of the pending tasks. Ready when nothing is left to do.
    pub fn poll(&mut self, cx: &mut Context) -> Poll<()> {
        let _inside = InsideIsolate::enter();
        self.call_next_turn();
        let polled =
            self.runtime.deno_runtime().poll_event_loop(cx, PollEventLoopOptions::default());
        if !self.state.next_turn.borrow().is_empty() {
            cx.waker().wake_by_ref();
        }
        let terminated = self.state.terminated.get().is_some() || self.state.stopped.get();
        self.process_state();
        match polled {
            Poll::Ready(Ok(())) if self.state.next_turn.borrow().is_empty() => Poll::Ready(()),
            Poll::Pending | Poll::Ready(Ok(())) => Poll::Pending,
            Poll::Ready(Err(error)) => {
                // A termination, which `process_state` has handled, or an error of no task, which may come
                // again at every turn.
                if !terminated {
                    self.state.print("error", &error.to_string(), None);
                    self.broken = true;
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    /// Calls the functions that realms have deferred to this turn.
    fn call_next_turn(&mut self) {
        let functions = std::mem::take(&mut *self.state.next_turn.borrow_mut());
        for function in functions {
            let scope = &mut self.shared.scope(self.runtime.deno_runtime().v8_isolate());
            let function = v8::Local::new(scope, function);
            let Some(context) = function.get_creation_context(scope) else { continue };
            let scope = &mut v8::ContextScope::new(scope, context);
            let scope = &mut v8::TryCatch::new(scope);
            let receiver = v8::undefined(scope).into();
            function.call(scope, receiver, &[]);
        }
        if self.state.terminated.get().is_some() || self.state.stopped.get() {
            self.process_state();
        }
    }

    /// Returns the pending tasks that ended since the last call: ticket, attempt and how.
    pub fn take_ended(&mut self) -> Vec<(u64, u32, Ended)> {
        std::mem::take(&mut self.ended)
    }

    /// Whether [`Isolate::take_ended`] has something to return.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// Whether the isolate must not be used any more. What is in flight in it has to run elsewhere.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the heap came so near its limit that the limit was raised. It holds no longer, and the isolate has to
    /// be replaced. Buffers and WebAssembly that went over the limit do not exhaust the heap.
    #[must_use]
    pub fn is_heap_exhausted(&self) -> bool {
        self.state.heap_exhausted.get()
    }

    /// Returns what tasks that are over keep busy, where no task is pending. What the worker script began when it was
    /// loaded, or begins in its own timers, does not count.
    #[must_use]
    pub fn leftovers(&self) -> Option<Leftover> {
        if self.state.leftover.get() {
            return Some(Leftover::Code);
        }
        let waits = self.pending.is_empty() && self.state.operations.get() > 0;
        waits.then_some(Leftover::Operations)
    }

    /// Aborts `ctx.signal` of a pending task. `name` is that of the signal's reason, a DOMException.
    pub fn signal(&mut self, ticket: u64, message: &str, name: &str) {
        let _inside = InsideIsolate::enter();
        if let Some(pending) = self.pending.get(&ticket) {
            let realm = pending.realm.clone();
            self.abort(ticket, &realm, message, name);
            self.process_state();
        }
    }

    /// Ends a pending attempt: aborts its signal, cancels its timers, and drops what it still returns. Returns false
    /// where the attempt is not pending.
    pub fn end(&mut self, ticket: u64, attempt: u32, message: &str, name: &str) -> bool {
        let _inside = InsideIsolate::enter();
        self.interrupter.forget(ticket, attempt);
        if self.pending.get(&ticket).is_none_or(|pending| pending.attempt != attempt) {
            return false;
        }
        if let Some(Pending { realm, .. }) = self.pending.remove(&ticket) {
            self.abort(ticket, &realm, message, name);
            self.release(ticket, &realm);
        }
        self.process_state();
        true
    }

    fn abort(&mut self, ticket: u64, realm: &Realm, message: &str, name: &str) {
        let scope = &mut realm.scope(self.runtime.deno_runtime().v8_isolate());
        let scope = &mut v8::TryCatch::new(scope);
        set_running(scope, Some(ticket));
        self.state.set_signalling(true);
        // What a listener throws is noted in the state.
        let _ = realm.functions.abort(scope, ticket, message, name);
        scope.perform_microtask_checkpoint();
        self.state.set_signalling(false);
        if self.state.stopped.get() {
            scope.cancel_terminate_execution();
            scope.reset();
        }
        set_running(scope, None);
    }

    /// Returns the memory in use now.
    pub fn memory(&mut self) -> Memory {
        self.state.buffers.look(self.runtime.deno_runtime().v8_isolate())
    }

    /// Makes a full garbage collection. Before it, the code cache of the worker script gets the functions that tasks
    /// have run: V8 drops what it has compiled and does not run any more.
    pub fn collect_garbage(&mut self) {
        let _inside = InsideIsolate::enter();
        {
            let scope = &mut self.shared.scope(self.runtime.deno_runtime().v8_isolate());
            self.shared.modules.keep_code(scope, self.has_handled);
        }
        self.runtime.deno_runtime().v8_isolate().low_memory_notification();
    }

    fn call(
        &mut self,
        ticket: u64,
        attempt: u32,
        worker: u32,
        job: &Job,
        realm: &Rc<Realm>,
    ) -> Option<Ended> {
        let Self { runtime, code, state, pending, .. } = self;
        let functions = &realm.functions;
        let scope = &mut realm.scope(runtime.deno_runtime().v8_isolate());
        let scope = &mut v8::TryCatch::new(scope);
        let task = RunningTask { functions, state, ticket };
        set_running(scope, Some(ticket));

        let begun = task.begin(scope, realm, code, (attempt, worker), job);
        let ended = match begun {
            Ok((promise, filter_scope)) if functions.hold(scope, ticket, promise).is_some() => {
                let filter_scope = filter_scope.map(|value| v8::Global::new(scope, value));
                pending.insert(ticket, Pending { attempt, realm: realm.clone(), filter_scope });
                None
            }
            Ok(_) => Some(task.failed(scope, FaultKind::Thrown)),
            Err(ended) => Some(ended),
        };
        set_running(scope, None);
        ended
    }

    /// Releases what a task that is over holds, and makes code of no task the current one.
    pub(in crate::isolate) fn release(&mut self, ticket: u64, realm: &Realm) {
        set_running(&mut realm.scope(self.runtime.deno_runtime().v8_isolate()), None);
        self.release_resources(ticket, realm);
    }

    /// Releases what a task that is over holds: timers, ports, buffers, Blobs.
    fn release_resources(&mut self, ticket: u64, realm: &Realm) {
        self.state.in_flight.end(ticket);
        self.state.transfers.forget(ticket);
        if realm.functions.is_inconsistent() {
            self.broken = true;
        } else if realm.functions.has_task_resources() || !self.pending.is_empty() {
            let scope = &mut realm.scope(self.runtime.deno_runtime().v8_isolate());
            realm.functions.release(scope, ticket);
        }
        if !std::ptr::eq(realm, &raw const *self.shared) {
            realm.data.blobs.clear(&self.blobs);
        }
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        SourceMapping::forget_all();
        self.state.buffers.detach();
    }
}
