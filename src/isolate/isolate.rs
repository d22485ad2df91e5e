//! `Isolate`: one V8 isolate with its realms, its handlers and the tasks in flight in it. It
//! starts, polls and ends tasks. `load.rs` creates its realms, and `settle.rs` ends pending tasks.

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
use crate::isolate::code::load_error::LoadError;
use crate::isolate::code::modules::library::Library;
use crate::isolate::code::stack::SourceMapping;
use crate::isolate::hooks::Hooks;
use crate::isolate::host::calls::Calls;
use crate::isolate::limits::buffers::Buffers;
use crate::isolate::limits::fatal::{InsideIsolate, LossReporter};
use crate::isolate::limits::interrupt::on_refusal;
use crate::isolate::limits::interrupter::Interrupter;
use crate::isolate::limits::memory::Memory;
use crate::isolate::realm::engine::extension;
use crate::isolate::realm::realm::{Realm, RealmOptions};
use crate::isolate::realm::snapshot::snapshot;
use crate::isolate::realm::supply::RealmSupply;
use crate::isolate::spec::{Spec, Work};
use crate::isolate::state::IsolateState;
use crate::isolate::task::current::set_running;
use crate::isolate::task::job::Job;
use crate::isolate::task::outcome::{Ended, FaultKind, Leftover};
use crate::isolate::task::running::RunningTask;

/// A persistent isolate. All methods are called on the thread that created it, in the context of
/// the tokio runtime that it was given.
pub struct Isolate {
    pub(in crate::isolate) runtime: Runtime,
    pub(in crate::isolate) interrupter: Interrupter,
    /// The realm of handlers that share state.
    pub(in crate::isolate) shared: Rc<Realm>,
    /// Supplies a fresh realm to each task that must share nothing with other tasks.
    pub(in crate::isolate) realms: RealmSupply,
    pub(in crate::isolate) library: Rc<Library>,
    blobs: Arc<BlobStore>,
    /// The URL of the worker script in the library.
    pub(in crate::isolate) script: Option<Rc<str>>,
    pub(in crate::isolate) tokio: Rc<Tokio>,
    code: CodeCache,
    pub(in crate::isolate) state: Rc<IsolateState>,
    /// The tasks whose promise has not settled, by ticket.
    pub(in crate::isolate) pending: HashMap<u64, Pending>,
    pub(in crate::isolate) ended: Vec<(u64, u32, Ended)>,
    /// Whether a handler of the worker script has run.
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
    /// The arguments of a filter task: where the filter is true, its inputs are the result.
    pub filter_scope: Option<v8::Global<v8::Value>>,
}

impl Isolate {
    /// Creates an isolate without handlers.
    ///
    /// # Errors
    /// When V8 or the extensions do not start, or a module of `spec.imports` does not parse. No
    /// code of a user runs.
    pub fn new(spec: &Spec, tokio: Rc<Tokio>, hooks: Hooks) -> Result<Self, LoadError> {
        let loss_reporter = LossReporter::for_this_thread(hooks.lost);
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

    /// Returns the handle by which other threads end tasks.
    #[must_use]
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }

    /// Starts a task and runs it until it ends or waits. Returns `None` where it waits: then
    /// [`Isolate::poll`] continues it, and [`Isolate::take_ended`] returns how it ended.
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
        // Read after the attempt was put in flight: an interrupt that comes later finds it in
        // flight.
        let ended = if self.interrupter.is_terminated(ticket, attempt) {
            Some(Ended::Interrupted)
        } else {
            self.call(ticket, attempt, worker, job, &realm)
        };
        if ended.is_some() {
            self.release_resources(ticket, &realm);
        }
        // The interrupt for this task may still be queued, and would terminate the next task.
        self.broken |= self.is_heap_exhausted() && !self.pending.is_empty();
        self.process_state();
        ended
    }

    /// Returns the number of realms whose task is over and that full garbage collections did not
    /// collect.
    pub fn detached_realms(&mut self) -> usize {
        self.realms.detached(&self.state)
    }

    /// Runs one turn of the event loop: timers, promises and host calls of the pending tasks. Ready
    /// when nothing is left to do.
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
                // Either a termination, which `process_state` has handled, or an error of code of
                // no task, which may come again at every turn.
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

    /// Whether the heap came near its limit, so that V8 raised the limit. The raised limit bounds
    /// nothing, and the isolate must be replaced. Buffers and WebAssembly memory over the limit do
    /// not exhaust the heap.
    #[must_use]
    pub fn is_heap_exhausted(&self) -> bool {
        self.state.heap_exhausted.get()
    }

    /// Returns what tasks that are over have left running, where no task is pending. Work that the
    /// worker script started when it was loaded, or starts in timers of its own, does not count.
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

    /// Ends a pending attempt: aborts its signal, cancels its timers, and drops its result. Returns
    /// false where the attempt is not pending.
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
        // An error of a listener is recorded in the state.
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
        self.state.buffers.sample(self.runtime.deno_runtime().v8_isolate())
    }

    /// Keeps the code caches of the worker script's modules, then runs a full garbage collection. V8 drops
    /// compiled functions that are not used any more, so the caches come first.
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
            Ok((promise, filter_scope))
                if functions.await_result(scope, ticket, promise).is_some() =>
            {
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

    /// Releases what a task that is over owns, and makes code of no task the current one.
    pub(in crate::isolate) fn release(&mut self, ticket: u64, realm: &Realm) {
        set_running(&mut realm.scope(self.runtime.deno_runtime().v8_isolate()), None);
        self.release_resources(ticket, realm);
    }

    /// Releases what a task that is over owns: timers, ports, buffers, Blobs.
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
        SourceMapping::unregister_all();
        self.state.buffers.detach();
    }
}
