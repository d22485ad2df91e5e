//! Reports what ended, and whether the isolate must be replaced for its memory.
//!
//! Only collects the reports: they are sent with the next exchange.

use std::time::Instant;

use super::context::WorkerContext;
use super::isolate_run::{IsolateRun, IsolateUse};
use crate::isolate::Ended;
use crate::pool::delivery::Answer;
use crate::scheduler::{Input, Outcome, Retirement, TaskId};

/// Number of short tasks after which the memory is checked.
pub const SHORT_TASKS: u32 = 64;

/// Number of realms that an isolate may have though they were detached and no collection has freed them.
const MAX_DETACHED_REALMS: usize = 16;

impl IsolateRun<'_> {
    pub(super) fn report_ended(&mut self) {
        if self.isolate.has_ended() {
            self.clock = Instant::now();
        }
        for (ticket, attempt, ended) in self.isolate.take_ended() {
            self.report(TaskId(ticket), attempt, ended);
        }
    }

    pub(super) fn report(&mut self, task: TaskId, attempt: u32, ended: Ended) {
        if ended == Ended::MemoryLimit {
            self.short_tasks = SHORT_TASKS;
        }
        if self.isolate_use == IsolateUse::Exclusive {
            self.isolate_use = IsolateUse::ExclusiveEnded;
        }
        let is_heap_exhausted = self.isolate.is_heap_exhausted();
        if is_heap_exhausted {
            self.measure_memory();
        }
        let retire = match self.isolate_use {
            // The worker continues in another isolate.
            IsolateUse::ExclusiveEnded => None,
            _ if is_heap_exhausted => Some(Retirement::MemoryLimit),
            _ => self.memory_retirement(),
        };
        let outcome = match ended {
            Ended::Done(value) => Outcome::Done(Answer::Value(value)),
            Ended::Moved(value, buffers) => Outcome::Done(Answer::Moved(value, buffers)),
            Ended::Failed(fault) => Outcome::Failed {
                retryable: fault.kind.is_retryable(),
                error: Answer::Fault(fault),
            },
            Ended::Interrupted => Outcome::Interrupted,
            Ended::MemoryLimit => Outcome::MemoryLimit,
        };
        let WorkerContext { worker, generation, .. } = *self.context;
        self.reports.push(Input::Finished { worker, generation, task, attempt, outcome, retire });
    }

    /// Checks the memory if it is time to. Memory over the threshold may be garbage, which is collected first.
    fn memory_retirement(&mut self) -> Option<Retirement> {
        if self.short_tasks < SHORT_TASKS {
            return None;
        }
        self.short_tasks = 0;
        let threshold = self.context.shared.isolate.memory_restart;
        let mut used = self.measure_memory();
        if used > threshold {
            self.isolate.collect_garbage();
            used = self.measure_memory();
        }
        if used > threshold {
            return Some(Retirement::MemoryThreshold);
        }
        (self.isolate.detached_realms() > MAX_DETACHED_REALMS).then_some(Retirement::DetachedRealms)
    }

    /// Measures the memory of the isolate, and returns its total in bytes.
    pub(super) fn measure_memory(&mut self) -> usize {
        let WorkerContext { shared, worker, generation, .. } = *self.context;
        let memory = self.isolate.memory();
        shared.state.lock().set_memory(worker, generation, memory);
        memory.total()
    }
}
