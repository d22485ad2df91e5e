//! The end of pending tasks, as methods of `Isolate`. It acts on what `IsolateState` recorded while
//! JavaScript ran, and must run after every call into JavaScript.

use deno_core::v8;

use crate::isolate::isolate::Isolate;
use crate::isolate::primitives::string;
use crate::isolate::state::{TaskEvent, UncaughtError};
use crate::isolate::task::current::set_running;
use crate::isolate::task::outcome::{Ended, FaultKind};
use crate::isolate::task::running::RunningTask;

impl Isolate {
    /// Acts on what the state recorded while JavaScript ran: settled promises, uncaught errors,
    /// terminations.
    pub(in crate::isolate) fn process_state(&mut self) {
        if self.state.stopped.get() && !self.broken {
            // V8 dropped the microtasks of all tasks when it terminated this code.
            self.runtime.deno_runtime().v8_isolate().cancel_terminate_execution();
            self.broken = true;
        }
        if let Some(ticket) = self.state.terminated.take() {
            // `begin` reports the end of its own task. This task was terminated in a turn of the
            // event loop, and V8 dropped the microtasks of the other tasks with its own.
            self.runtime.deno_runtime().v8_isolate().cancel_terminate_execution();
            let memory = self.state.take_memory_end(ticket);
            self.drop_pending(ticket, if memory { Ended::MemoryLimit } else { Ended::Interrupted });
            self.broken |= !self.pending.is_empty();
            // The dropped microtasks include the reactions that decrement the count of operations.
            self.state.operations.set(0);
        }
        if let Some(ticket) = self.state.buffers.refusal() {
            // The interrupt came while another task, or none, ran.
            self.drop_pending(ticket, Ended::MemoryLimit);
        }
        // A refusal for code of no task has no further consequence: the code got an error.
        self.state.buffers.clear_refusal();
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

    /// Fails the pending task whose code threw an error that nothing caught; prints the error where
    /// there is none.
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

    /// Ends a pending task with the value or the reason of its promise.
    fn settle(&mut self, ticket: u64, fulfilled: bool, value: &v8::Global<v8::Value>) {
        // The task was ended before, or failed with an uncaught error of its own.
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
            task.or_ended_by_force(scope, ended)
        };
        self.release(ticket, &pending.realm);
        self.ended.push((ticket, pending.attempt, ended));
    }

    /// Prints an uncaught error to the console, with its stack where it has one.
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
