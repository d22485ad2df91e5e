//! The callbacks of an isolate, which it calls on the worker's thread.
//!
//! They must not panic, nor take a lock that the thread holds while its isolate runs.

use super::context::WorkerContext;
use crate::isolate::{Hooks, Loss};
use crate::scheduler::{Exit, Input, Outcome, Retirement};

impl WorkerContext<'_> {
    pub(super) fn hooks(&self) -> Hooks {
        let Self { worker, generation, .. } = *self;
        let (shared, running) = (self.shared.clone(), self.running.clone());
        let console = {
            let shared = shared.clone();
            Box::new(move |line| shared.print(worker, line))
        };
        let call = {
            let shared = shared.clone();
            Box::new(move |call, reply| shared.host_call(worker, generation, call, reply))
        };
        let lost = Box::new(move |loss: Loss| {
            let running = running.get();
            let (exit, message) = match loss {
                Loss::OutOfMemory => (Exit::OutOfMemory, None),
                Loss::Fatal(message) => (Exit::Fatal, Some(message)),
                Loss::Panicked(message) => (Exit::Panicked, Some(message)),
            };
            if let Some(message) = message {
                shared.state.lock().crashed(worker, message);
            }
            let out_of_memory = running.filter(|_| exit == Exit::OutOfMemory);
            let finished = out_of_memory.map(|(task, attempt)| Input::Finished {
                worker,
                generation,
                task,
                attempt,
                outcome: Outcome::MemoryLimit,
                retire: Some(Retirement::MemoryLimit),
            });
            let culprit = running.map(|(task, _)| task);
            let exited = Input::Exited { worker, generation, exit, culprit };
            shared.handle(finished.into_iter().chain([exited]));
        });
        Hooks { console, call, lost }
    }
}
