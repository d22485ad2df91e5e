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
use crate::isolate::current_task::set_running;
use crate::isolate::hooks::Hooks;
use crate::isolate::host::calls::Calls;
use crate::isolate::job::Job;
use crate::isolate::limits::buffers::Buffers;
use crate::isolate::limits::fatal::{InsideIsolate, LossReporter};
use crate::isolate::limits::interrupt::on_refusal;
use crate::isolate::limits::interrupter::Interrupter;
use crate::isolate::limits::memory::Memory;
use crate::isolate::load::load_into;
use crate::isolate::outcome::{Ended, FaultKind, Leftover};
use crate::isolate::primitives::string;
use crate::isolate::realm::engine::extension;
use crate::isolate::realm::realm::{Realm, RealmOptions};
use crate::isolate::realm::snapshot::snapshot;
use crate::isolate::running::RunningTask;
use crate::isolate::spec::{Isolation, Script, Spec, Work};
use crate::isolate::state::{IsolateState, TaskEvent, UncaughtError};

/// A warm isolate. Everything of it happens on the thread that made it, inside the context of the
/// tokio runtime that it was given.
pub struct Isolate {
    runtime: Runtime,
    interrupter: Interrupter,
    /// Where handlers run that share what they leave.
    shared: Rc<Realm>,
    /// Made ahead, for code that is to see nothing of others.
    bare: PreparedRealm,
    /// With handlers of its own.
    loaded: PreparedRealm,
    /// What every realm has.
    options: RealmOptions,
    library: Rc<Library>,
    blobs: Arc<BlobStore>,
    /// The worker script in the library.
    script: Option<Rc<str>>,
    tokio: Rc<Tokio>,
    code: CodeCache,
    state: Rc<IsolateState>,
    pending: HashMap<u64, Pending>,
    /// Fresh realms that V8 has not collected.
    retired: Vec<RetiredRealm>,
    ended: Vec<(u64, u32, Ended)>,
    /// What is pending may never settle, for instance because V8 dropped queued microtasks.
    broken: bool,
    /// Dropped last: V8 can also fail while it goes.
    _watch: LossReporter,
}

/// A realm that waits for its task.
#[derive(Default)]
struct PreparedRealm {
    realm: Option<Realm>,
    /// Some task has wanted one.
    is_used: bool,
}

impl PreparedRealm {
    fn is_wanted(&self) -> bool {
        self.is_used && self.realm.is_none()
    }
}

/// A realm whose task is over, or will be.
struct RetiredRealm {
    ticket: u64,
    context: v8::Weak<v8::Context>,
    /// Thorough collections before it was seen to be over.
    since: Option<u32>,
}

/// A realm that was there after so many thorough collections is held by something.
const COLLECTIONS: u32 = 2;

/// A task whose promise has not settled.
struct Pending {
    attempt: u32,
    realm: Rc<Realm>,
    filter_scope: Option<v8::Global<v8::Value>>,
}

impl Isolate {
    /// Makes an isolate without handlers.
    ///
    /// # Errors
    /// When V8 or the extensions do not start; no code of a user is to blame.
    pub fn new(spec: &Spec, tokio: Rc<Tokio>, hooks: Hooks) -> Result<Self, LoadError> {
        let watch = LossReporter::over_this_thread(hooks.lost);
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
        let shared = Rc::new(Realm::new(runtime.deno_runtime().v8_isolate(), &options));
        shared.functions.is_warm.set(true);
        Ok(Self {
            runtime,
            interrupter,
            shared,
            bare: PreparedRealm::default(),
            loaded: PreparedRealm::default(),
            options,
            library,
            blobs,
            script: None,
            tokio,
            code: CodeCache::new(spec.memory_limit),
            state,
            pending: HashMap::new(),
            retired: Vec::new(),
            ended: Vec::new(),
            broken: false,
            _watch: watch,
        })
    }

    /// Loads the worker script and finds its handlers. Gives up when `stop`, which is asked whenever
    /// the event loop turns, says so; it keeps the waker of the context that it is given.
    ///
    /// # Errors
    /// When it does not resolve, parse or evaluate, or exports no handler, or was given up.
    ///
    /// # Panics
    /// When a task runs already.
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
        self.sweep();
        Ok(())
    }

    /// The way to end a task from another thread.
    #[must_use]
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }

    /// Runs a task as far as it goes without waiting. `None` when it waits for something; then
    /// [`Isolate::poll`] drives it and [`Isolate::take_ended`] tells how it ended.
    pub fn begin(&mut self, ticket: u64, attempt: u32, worker: u32, job: &Job) -> Option<Ended> {
        let _inside = InsideIsolate::enter();
        self.state.in_flight.begin(ticket, attempt);
        let realm = match self.realm_for(ticket, attempt, job) {
            Ok(realm) => realm,
            Err(ended) => {
                self.state.in_flight.end(ticket);
                self.sweep();
                return Some(ended);
            }
        };
        // Looked at after it was put in flight: an interrupt that comes later meets it there.
        let ended = if self.interrupter.is_terminated(ticket, attempt) {
            Some(Ended::Interrupted)
        } else {
            self.call(ticket, attempt, worker, job, &realm)
        };
        if ended.is_some() {
            self.let_go(ticket, &realm);
        }
        // Its interrupt may still be on its way to whoever runs next.
        self.broken |= self.is_heap_exhausted() && !self.pending.is_empty();
        self.sweep();
        ended
    }

    /// Whether tasks like the last ones would want something that can be made ahead.
    #[must_use]
    pub fn wants_to_prepare(&self) -> bool {
        self.bare.is_wanted() || self.loaded.is_wanted()
    }

    /// Makes what the next tasks will want, while nothing is to be done.
    pub fn prepare(&mut self) {
        let _inside = InsideIsolate::enter();
        if self.bare.is_wanted() {
            self.bare.realm = Some(self.make_realm());
        }
        if self.loaded.is_wanted() {
            // The task that wants it hears why it cannot be made.
            self.loaded.realm = self.make_loaded_realm(|_| false).ok();
            self.loaded.is_used &= self.loaded.realm.is_some();
            self.sweep();
        }
    }

    fn make_realm(&mut self) -> Realm {
        Realm::new(self.runtime.deno_runtime().v8_isolate(), &self.options)
    }

    /// A fresh realm with handlers of its own.
    fn make_loaded_realm(&mut self, stop: impl Fn(&Context) -> bool) -> Result<Realm, LoadError> {
        let mut realm = self.make_realm();
        if let Some(url) = self.script.clone() {
            let tokio = self.tokio.clone();
            load_into(&mut self.runtime, &mut realm, &url, &tokio, stop)?;
        }
        Ok(realm)
    }

    fn realm_for(&mut self, ticket: u64, attempt: u32, job: &Job) -> Result<Rc<Realm>, Ended> {
        let realm = match (&job.plan.work, job.plan.isolation) {
            (Work::Code(_), _) => {
                self.bare.is_used = true;
                self.bare.realm.take().unwrap_or_else(|| self.make_realm())
            }
            (Work::Handler(_), Isolation::Context) => {
                self.loaded.is_used = true;
                match self.loaded.realm.take() {
                    Some(realm) => realm,
                    None => self.load_for(ticket, attempt)?,
                }
            }
            (Work::Handler(_), _) => return Ok(self.shared.clone()),
        };
        let isolate = self.runtime.deno_runtime().v8_isolate();
        let context = v8::Weak::new(isolate, &realm.context);
        self.retired.push(RetiredRealm { ticket, context, since: None });
        Ok(Rc::new(realm))
    }

    /// How many realms of tasks that are over do not go, whatever is collected.
    pub fn detached_realms(&mut self) -> usize {
        let state = &self.state;
        let now = state.collections.get();
        self.retired.retain_mut(|left| {
            if !state.is_in_flight(left.ticket) {
                left.since.get_or_insert(now);
            }
            !left.context.is_empty()
        });
        let is_held = |left: &&RetiredRealm| {
            left.since.is_some_and(|since| now.wrapping_sub(since) >= COLLECTIONS)
        };
        self.retired.iter().filter(is_held).count()
    }

    /// Loads the worker script for a task that waits for it, and on whose time it runs.
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

    /// Drives timers, promises and calls of the pending tasks. Ready when nothing is left to drive.
    pub fn poll(&mut self, cx: &mut Context) -> Poll<()> {
        let _inside = InsideIsolate::enter();
        self.go_on();
        let polled =
            self.runtime.deno_runtime().poll_event_loop(cx, PollEventLoopOptions::default());
        if !self.state.next_turn.borrow().is_empty() {
            cx.waker().wake_by_ref();
        }
        let terminated = self.state.terminated.get().is_some() || self.state.stopped.get();
        self.sweep();
        match polled {
            Poll::Ready(Ok(())) if self.state.next_turn.borrow().is_empty() => Poll::Ready(()),
            Poll::Pending | Poll::Ready(Ok(())) => Poll::Pending,
            Poll::Ready(Err(error)) => {
                // A termination, which `sweep` has seen, or an error that has no owner and may come
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

    /// Calls what a realm has not come to an end with. One that is interrupted ends as one that the event loop
    /// calls: `poll` sees to it.
    fn go_on(&mut self) {
        let again = std::mem::take(&mut *self.state.next_turn.borrow_mut());
        for function in again {
            let scope = &mut self.shared.scope(self.runtime.deno_runtime().v8_isolate());
            let function = v8::Local::new(scope, function);
            let Some(context) = function.get_creation_context(scope) else { continue };
            let scope = &mut v8::ContextScope::new(scope, context);
            let scope = &mut v8::TryCatch::new(scope);
            let receiver = v8::undefined(scope).into();
            function.call(scope, receiver, &[]);
        }
        if self.state.terminated.get().is_some() || self.state.stopped.get() {
            self.sweep();
        }
    }

    /// Pending tasks that ended since the last call: ticket, attempt and how.
    pub fn take_ended(&mut self) -> Vec<(u64, u32, Ended)> {
        std::mem::take(&mut self.ended)
    }

    /// Whether there is anything to take with [`Isolate::take_ended`].
    #[must_use]
    pub fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// Whether this isolate can go on; if not, what is still in flight in it has to run elsewhere.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Whether the heap came so near to its limit that this was raised: the limit does not hold any more,
    /// and the isolate has to be replaced. A task that buffers or WebAssembly took over the limit
    /// spends nothing.
    #[must_use]
    pub fn is_heap_exhausted(&self) -> bool {
        self.state.heap_exhausted.get()
    }

    /// What tasks that are over keep busy here, where no task is pending. What the worker script began
    /// when it was loaded, or begins from its own timers, is none of it.
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
            self.sweep();
        }
    }

    /// Gives a pending attempt up: its signal is aborted, its timers are cancelled, and what it still
    /// says finds nobody. False where it is not pending.
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
        self.sweep();
        true
    }

    fn abort(&mut self, ticket: u64, realm: &Realm, message: &str, name: &str) {
        let scope = &mut realm.scope(self.runtime.deno_runtime().v8_isolate());
        let scope = &mut v8::TryCatch::new(scope);
        set_running(scope, Some(ticket));
        self.state.set_signalling(true);
        // What a listener throws is in the state.
        let _ = realm.functions.abort(scope, ticket, message, name);
        scope.perform_microtask_checkpoint();
        self.state.set_signalling(false);
        if self.state.stopped.get() {
            scope.cancel_terminate_execution();
            scope.reset();
        }
        set_running(scope, None);
    }

    /// What it takes of memory now.
    pub fn memory(&mut self) -> Memory {
        self.state.buffers.look(self.runtime.deno_runtime().v8_isolate())
    }

    /// Collects garbage, thoroughly.
    pub fn collect_garbage(&mut self) {
        let _inside = InsideIsolate::enter();
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

    /// Lets go of what a task that is over has left behind, and of which code ran last.
    fn release(&mut self, ticket: u64, realm: &Realm) {
        set_running(&mut realm.scope(self.runtime.deno_runtime().v8_isolate()), None);
        self.let_go(ticket, realm);
    }

    /// Lets go of what a task that is over has left behind.
    fn let_go(&mut self, ticket: u64, realm: &Realm) {
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

    /// Reads the state after JavaScript ran: settled promises, errors nobody caught, force.
    fn sweep(&mut self) {
        if self.state.stopped.get() && !self.broken {
            // V8 has thrown away the microtasks of all with those of the one that was stopped.
            self.runtime.deno_runtime().v8_isolate().cancel_terminate_execution();
            self.broken = true;
        }
        if let Some(ticket) = self.state.terminated.take() {
            // `call` reports its own; this one was ended while the event loop ran, and V8 has thrown
            // away the microtasks of the others with it.
            self.runtime.deno_runtime().v8_isolate().cancel_terminate_execution();
            let memory = self.state.take_memory_end(ticket);
            self.drop_pending(ticket, if memory { Ended::MemoryLimit } else { Ended::Interrupted });
            self.broken |= !self.pending.is_empty();
            // What would have told of their end was thrown away, too.
            self.state.operations.set(0);
        }
        if let Some(ticket) = self.state.buffers.refusal() {
            // The interrupt met another task, or none.
            self.drop_pending(ticket, Ended::MemoryLimit);
        }
        // Code of no task has had its error, and no more follows from it.
        self.state.buffers.forget_refusal();
        let task_events = std::mem::take(&mut *self.state.task_events.borrow_mut());
        for event in task_events {
            match event {
                TaskEvent::Settled { ticket, fulfilled, value } => {
                    self.settle(ticket, fulfilled, &value);
                }
                TaskEvent::Uncaught(uncaught) => self.handle_uncaught(&uncaught),
            }
        }
        let rejections = std::mem::take(&mut *self.state.rejections.borrow_mut());
        for (_, uncaught) in rejections {
            self.handle_uncaught(&uncaught);
        }
    }

    fn handle_uncaught(&mut self, UncaughtError { ticket, error }: &UncaughtError) {
        match *ticket {
            Some(ticket) if self.pending.contains_key(&ticket) => self.settle(ticket, false, error),
            ticket => self.print_uncaught(ticket, error),
        }
    }

    /// Ends a task whose promise has not settled.
    fn drop_pending(&mut self, ticket: u64, ended: Ended) {
        if let Some(pending) = self.pending.remove(&ticket) {
            self.ended.push((ticket, pending.attempt, ended));
            self.release(ticket, &pending.realm);
        }
    }

    fn settle(&mut self, ticket: u64, fulfilled: bool, value: &v8::Global<v8::Value>) {
        // Late: the task was ended, or failed by a uncaught error of its own.
        let Some(pending) = self.pending.remove(&ticket) else { return };
        let ended = {
            let Self { runtime, state, .. } = self;
            let scope = &mut pending.realm.scope(runtime.deno_runtime().v8_isolate());
            let scope = &mut v8::TryCatch::new(scope);
            let task = RunningTask { functions: &pending.realm.functions, state, ticket };
            set_running(scope, Some(ticket));
            let value = v8::Local::new(scope, value);
            let filter_scope = pending.filter_scope.map(|value| v8::Local::new(scope, value));
            let ended = if fulfilled {
                task.done(scope, value, filter_scope)
            } else {
                task.thrown(scope, value, FaultKind::Thrown)
            };
            task.unless_ended(scope, ended)
        };
        self.release(ticket, &pending.realm);
        self.ended.push((ticket, pending.attempt, ended));
    }

    fn print_uncaught(&mut self, ticket: Option<u64>, error: &v8::Global<v8::Value>) {
        let scope = &mut self.shared.scope(self.runtime.deno_runtime().v8_isolate());
        let scope = &mut v8::TryCatch::new(scope);
        let error = v8::Local::new(scope, error);
        let stack = v8::Local::<v8::Object>::try_from(error)
            .ok()
            .and_then(|error| {
                let key = string(scope, "stack").into();
                error.get(scope, key)
            })
            .filter(|stack| stack.is_string());
        let text = stack.unwrap_or(error).to_rust_string_lossy(scope);
        self.state.print("error", &format!("Uncaught {text}"), ticket);
    }
}

impl Drop for Isolate {
    fn drop(&mut self) {
        SourceMapping::forget_all();
        self.state.buffers.detach();
    }
}
