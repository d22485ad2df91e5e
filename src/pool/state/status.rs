//! The state of the pool, for readers.
//!
//! Copies what it returns, and decides nothing.

use std::thread::JoinHandle;
use std::time::Instant;

use super::state::PoolState;
use crate::isolate::Memory;
use crate::pool::dead_letter::DeadLetter;
use crate::pool::snapshot::Snapshot;
use crate::scheduler::TaskId;

impl PoolState {
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Takes the threads of the workers, to be joined.
    pub fn take_threads(&mut self) -> Vec<JoinHandle<()>> {
        self.handles.iter_mut().filter_map(|handle| handle.thread.take()).collect()
    }

    pub fn snapshot(&mut self, now: Instant) -> Snapshot {
        Snapshot {
            stats: self.scheduler.stats(),
            figures: self.recorder.figures(now),
            workers: self
                .scheduler
                .workers()
                .map(|view| {
                    let handle = self.handles.get(view.worker.0 as usize);
                    (view, handle.map_or_else(Memory::default, |handle| handle.memory))
                })
                .collect(),
            by_priority: self.scheduler.by_priority().collect(),
            oldest_wait: self.scheduler.oldest_wait(now),
            uptime: now.saturating_duration_since(self.started),
            panics: self.panics,
            fatal_errors: self.fatal_errors,
            renewed: self.renewed,
            breakers: self.scheduler.breakers(now).collect(),
            size: self.scheduler.size(),
            open_calls: self.callers.open_calls(),
            callers: self.callers.callers(),
        }
    }

    /// Returns whether any task waits for a worker.
    pub fn has_waiting_tasks(&self) -> bool {
        self.scheduler.waiting() > 0
    }

    pub fn is_under_backpressure(&self) -> bool {
        self.scheduler.is_under_backpressure()
    }

    /// Returns the dead letters, oldest first.
    pub fn dead_letters(&self, now: Instant) -> Vec<DeadLetter> {
        self.scheduler.dead_letters().map(|letter| DeadLetter::of(letter, now)).collect()
    }

    pub fn dead_letter_ids(&self) -> Vec<TaskId> {
        self.scheduler.dead_letters().map(|letter| letter.job.id).collect()
    }

    pub fn has_dead_letter(&self, task: TaskId) -> bool {
        self.scheduler.has_dead_letter(task)
    }
}
