//! `RunningTask`: starts a task in its realm, and encodes how it ended.

use deno_core::v8;

use crate::isolate::code::code_cache::CodeCache;
use crate::isolate::primitives::string;
use crate::isolate::realm::functions::RealmFunctions;
use crate::isolate::realm::realm::Realm;
use crate::isolate::spec::{CodeKind, Work};
use crate::isolate::state::IsolateState;
use crate::isolate::task::job::Job;
use crate::isolate::task::outcome::{Ended, Fault, FaultKind};
use crate::isolate::values::codec;
use crate::isolate::values::shapes::MAX_ARGUMENTS;
use crate::isolate::values::transfer::moved_buffers::MovedBuffers;
use crate::isolate::values::transfer::pages::{Borrower, Lent, Pages};
use crate::isolate::values::wire::CodecError;

/// The error of a task with moved buffers that starts a second time.
const BUFFERS_ALREADY_MOVED: &str =
    "payload cannot be given a second time: its transferred buffers went to an earlier attempt";

/// The current task, with what is needed to end it.
pub struct RunningTask<'a> {
    pub functions: &'a RealmFunctions,
    pub state: &'a IsolateState,
    pub ticket: u64,
}

/// A scope in which exceptions are caught.
pub type CatchScope<'s, 'p> = v8::TryCatch<'s, v8::HandleScope<'p>>;

impl RunningTask<'_> {
    /// Starts a task and runs it until it waits. Returns the promise that it waits for, and the
    /// arguments of a filter task.
    ///
    /// # Errors
    /// The end of the task, where it does not wait.
    pub fn begin<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        realm: &Realm,
        code: &mut CodeCache,
        (attempt, worker): (u32, u32),
        job: &Job,
    ) -> Result<(v8::Local<'s, v8::Value>, Option<v8::Local<'s, v8::Value>>), Ended> {
        let Some(buffers) = job.plan.buffers.take() else {
            return Err(Self::fault(FaultKind::DataClone, BUFFERS_ALREADY_MOVED));
        };
        let Some(buffers) = self.receive_buffers(scope, buffers) else {
            return Err(self.undecodable(scope));
        };
        let undefined = v8::undefined(scope).into();
        let (result, filter_scope) = match &job.plan.work {
            Work::Handler(name) => {
                let Ok(payload) = realm.shapes.read(scope, self.functions, &job.value, &buffers)
                else {
                    return Err(self.undecodable(scope));
                };
                let Some(handler) = realm.handlers.find(name) else {
                    return Err(Self::fault(FaultKind::NoHandler, &realm.handlers.missing(name)));
                };
                let function = v8::Local::new(scope, &handler.function).into();
                let receiver = v8::Local::new(scope, &handler.receiver);
                let task_id = job.task_id(scope).into();
                let name = realm.handlers.type_of(scope, handler, name).into();
                let attempt = v8::Integer::new_from_unsigned(scope, attempt).into();
                let worker = v8::Integer::new_from_unsigned(scope, worker).into();
                let task_arguments = [function, receiver, task_id, name, attempt, worker];
                let mut arguments = [undefined; 6 + MAX_ARGUMENTS];
                let count = task_arguments.len() + payload.arguments().len();
                arguments[..task_arguments.len()].copy_from_slice(&task_arguments);
                arguments[task_arguments.len()..count].copy_from_slice(payload.arguments());
                let run = if payload.has_factory {
                    &self.functions.run_with_factory
                } else {
                    &self.functions.run
                };
                let run = v8::Local::new(scope, run);
                (run.call(scope, undefined, &arguments[..count]), None)
            }
            Work::Code(text) => {
                let Ok(value) = codec::decode_moved(scope, self.functions, &job.value, &buffers)
                else {
                    return Err(self.undecodable(scope));
                };
                let Some(function) = code.get(scope, self.functions, text) else {
                    return Err(self.failed(scope, FaultKind::Syntax));
                };
                let run = v8::Local::new(scope, &self.functions.run_code);
                let result = run.call(scope, undefined, &[function.into(), value]);
                (result, (text.kind == CodeKind::Filter).then_some(value))
            }
        };
        let Some(result) = result else {
            return Err(self.failed(scope, FaultKind::Thrown));
        };
        let Ok(promise) = v8::Local::<v8::Promise>::try_from(result) else {
            return Err(self.finish(scope, result, filter_scope));
        };
        if promise.state() == v8::PromiseState::Pending {
            scope.perform_microtask_checkpoint();
            if let Some(ended) = self.ended_by_force(scope) {
                return Err(ended);
            }
        }
        match promise.state() {
            v8::PromiseState::Pending => Ok((result, filter_scope)),
            v8::PromiseState::Fulfilled => {
                let value = promise.result(scope);
                Err(self.finish(scope, value, filter_scope))
            }
            v8::PromiseState::Rejected => {
                let promise = v8::Global::new(scope, promise);
                self.state.mark_handled(&promise);
                let reason = v8::Local::new(scope, promise).result(scope);
                let ended = self.thrown(scope, reason, FaultKind::Thrown);
                Err(self.or_ended_by_force(scope, ended))
            }
        }
    }

    /// Ends the task with a value that it returned, and runs the queued microtasks.
    fn finish<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        value: v8::Local<'s, v8::Value>,
        filter_scope: Option<v8::Local<'s, v8::Value>>,
    ) -> Ended {
        let ended = self.done(scope, value, filter_scope);
        scope.perform_microtask_checkpoint();
        self.or_ended_by_force(scope, ended)
    }

    /// Ends the task with a value that it returned. Encoding the value may run code of the user,
    /// such as getters and proxy traps.
    pub fn done<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        value: v8::Local<'s, v8::Value>,
        filter_scope: Option<v8::Local<'s, v8::Value>>,
    ) -> Ended {
        let value = match filter_scope {
            None => value,
            Some(_) if !value.boolean_value(scope) => v8::null(scope).into(),
            Some(_) if value.is_object() && !value.is_function() => value,
            Some(args) => {
                let key = string(scope, "inputs").into();
                let args: Option<v8::Local<v8::Object>> = args.try_into().ok();
                args.and_then(|args| args.get(scope, key))
                    .unwrap_or_else(|| v8::undefined(scope).into())
            }
        };
        if let Ok(ended) = self.encode(scope, value) {
            return ended;
        }
        if let Some(ended) = self.ended_by_force(scope) {
            return ended;
        }
        let why = scope.exception().map_or_else(String::new, |error| {
            let text = error.to_rust_string_lossy(scope);
            text.strip_prefix("Error: ").unwrap_or(&text).to_owned()
        });
        scope.reset();
        let path = self.functions.path_of_uncloneable(scope, value, "result");
        scope.reset();
        let path = path.unwrap_or_else(|| "result".into());
        Self::fault(FaultKind::DataClone, &format!("{path} cannot be cloned: {why}"))
    }

    /// Creates the ArrayBuffers that were moved in for the task. `None` where the memory limit
    /// refuses them, or the lender has taken the memory back.
    pub fn receive_buffers<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        pages: Vec<Pages>,
    ) -> Option<Vec<v8::Local<'s, v8::ArrayBuffer>>> {
        let mut buffers = Vec::with_capacity(pages.len());
        for pages in pages {
            let lent = Lent::new(pages)?;
            let store = self.state.buffers.store(scope, Borrower(lent.clone()))?;
            let buffer = v8::ArrayBuffer::with_backing_store(scope, &store);
            self.state.transfers.add_received(scope, self.ticket, buffer, lent);
            buffers.push(buffer);
        }
        Some(buffers)
    }

    /// Encodes the result, and moves out the buffers that leave with it.
    fn encode<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        value: v8::Local<'s, v8::Value>,
    ) -> Result<Ended, CodecError> {
        // A realm that is kept is used by later tasks, so its buffers must stay.
        let is_last = !self.functions.is_warm.get();
        let candidates = self.state.transfers.candidates(scope, self.ticket, value, is_last);
        // A string that the value refers to several times is encoded several times.
        let is_too_large = |bytes: &[u8]| self.state.buffers.is_too_large(bytes.len());
        if candidates.buffers.is_empty() {
            let bytes = codec::encode(scope, self.functions, value)?;
            return Ok(if is_too_large(&bytes) { Ended::MemoryLimit } else { Ended::Done(bytes) });
        }
        let (bytes, moved) =
            codec::encode_moving(scope, self.functions, value, &candidates.buffers)?;
        if is_too_large(&bytes) {
            return Ok(Ended::MemoryLimit);
        }
        let pages = candidates.detach(&moved);
        Ok(Ended::Moved(bytes, MovedBuffers::new(pages)))
    }

    /// Ends the task with the exception that is pending.
    pub fn failed(&self, scope: &mut CatchScope<'_, '_>, kind: FaultKind) -> Ended {
        if let Some(ended) = self.ended_by_force(scope) {
            return ended;
        }
        let Some(exception) = scope.exception() else {
            // V8 had no memory for an exception.
            self.state.heap_exhausted.set(true);
            return Ended::MemoryLimit;
        };
        let exception = v8::Global::new(scope, exception);
        scope.reset();
        let exception = v8::Local::new(scope, exception);
        let ended = self.thrown(scope, exception, kind);
        self.or_ended_by_force(scope, ended)
    }

    /// Ends the task with a value that it threw.
    pub fn thrown<'s>(
        &self,
        scope: &mut CatchScope<'_, 's>,
        error: v8::Local<'s, v8::Value>,
        kind: FaultKind,
    ) -> Ended {
        let mut bytes = codec::encode(scope, self.functions, error);
        if bytes.is_err() {
            // A getter of the error may have run until the task was terminated, and would again.
            if let Some(ended) = self.ended_by_force(scope) {
                return ended;
            }
            // The error cannot be cloned: it is a function, or one of its getters throws.
            scope.reset();
            let replica = self.functions.replica_of(scope, error).ok_or(CodecError);
            bytes = replica.and_then(|replica| codec::encode(scope, self.functions, replica));
        }
        if let Some(ended) = self.ended_by_force(scope) {
            return ended;
        }
        scope.reset();
        let bytes = bytes.unwrap_or_default();
        if self.state.buffers.is_too_large(bytes.len()) {
            return Ended::MemoryLimit;
        }
        Ended::Failed(Fault { kind, error: bytes })
    }

    /// Ends the task whose payload cannot be decoded.
    pub fn undecodable(&self, scope: &mut CatchScope<'_, '_>) -> Ended {
        self.ended_by_force(scope).unwrap_or_else(|| {
            Self::fault(FaultKind::DataClone, "payload cannot be read in the isolate")
        })
    }

    /// Returns the end by force where the task was terminated, and `ended` otherwise.
    pub fn or_ended_by_force(&self, scope: &mut CatchScope<'_, '_>, ended: Ended) -> Ended {
        self.ended_by_force(scope).unwrap_or(ended)
    }

    /// Returns the end of a task that was terminated or exceeded its memory limit, and cancels V8's
    /// termination.
    pub fn ended_by_force(&self, scope: &mut CatchScope<'_, '_>) -> Option<Ended> {
        if self.state.stopped.get() {
            // Code of another task was terminated. This task continues, and runs again elsewhere if
            // it does not end.
            scope.cancel_terminate_execution();
        }
        let memory = self.state.take_memory_end(self.ticket);
        let forced = self.state.terminated.get() == Some(self.ticket);
        if !forced && !memory {
            return None;
        }
        // The task may have ended before the interrupt came: the next task must not be terminated
        // for it.
        self.state.terminated.set(None);
        scope.cancel_terminate_execution();
        scope.reset();
        Some(if memory { Ended::MemoryLimit } else { Ended::Interrupted })
    }

    /// Returns a failure whose error is a message.
    pub fn fault(kind: FaultKind, text: &str) -> Ended {
        Ended::Failed(Fault { kind, error: text.as_bytes().to_vec() })
    }
}
