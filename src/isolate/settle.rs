//! The second half of `Isolate`: how pending tasks come to their end.

use deno_core::v8;

use crate::isolate::isolate::Isolate;
use crate::isolate::primitives::string;
use crate::isolate::state::{TaskEvent, UncaughtError};
use crate::isolate::task::current::set_running;
use crate::isolate::task::outcome::{Ended, FaultKind};
use crate::isolate::task::running::RunningTask;

impl Isolate {
    /// Acts on what the state holds after JavaScript ran: settled promises, uncaught errors, ends by force.
    pub(in crate::isolate) fn process_state(&mut self) {
        if self.state.stopped.get() && !self.broken {
            // V8 has dropped the microtasks of all tasks with those of the one that was stopped.
            self.runtime.deno_runtime().v8_isolate().cancel_terminate_execution();
            self.broken = true;
        }
        if let Some(ticket) = self.state.terminated.take() {
            // `call` reports its own task. This one was ended while the event loop ran, and V8 has dropped the
            // microtasks of the others with it.
            self.runtime.deno_runtime().v8_isolate().cancel_terminate_execution();
            let memory = self.state.take_memory_end(ticket);
            self.drop_pending(ticket, if memory { Ended::MemoryLimit } else { Ended::Interrupted });
            self.broken |= !self.pending.is_empty();
            // So were the reactions that count their operations down.
            self.state.operations.set(0);
        }
        if let Some(ticket) = self.state.buffers.refusal() {
            // The interrupt met another task, or none.
            self.drop_pending(ticket, Ended::MemoryLimit);
        }
        // Where code of no task was refused, it got its error, and nothing else follows.
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
        // The task was ended before, or failed by an uncaught error of its own.
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
