//! The status of a scheduler, for readers. Changes nothing but the event filter.

use std::time::{Duration, Instant};

use super::scheduler::Scheduler;
use crate::scheduler::event::EventFilter;
use crate::scheduler::policy::breaker::BreakerView;
use crate::scheduler::policy::dead_letters::DeadLetter;
use crate::scheduler::stats::Stats;
use crate::scheduler::task::{Priority, TaskId};
use crate::scheduler::timestamp::Timestamp;
use crate::scheduler::worker::exit::Exit;
use crate::scheduler::worker::id::WorkerId;
use crate::scheduler::worker::status::WorkerView;

impl<P, R> Scheduler<P, R> {
    /// Returns the counters since the start and the gauges of now.
    pub fn stats(&self) -> Stats {
        Stats {
            queued: self.waiting(),
            delayed: self.queue.delayed(),
            running: self.running(),
            dead_letters: self.dead_letters.len(),
            zombies: self.abandoned.values().filter(|exit| **exit == Exit::Zombie).count(),
            abandoned: self.abandoned.len(),
            ..self.stats.clone()
        }
    }

    /// Returns the status of one worker, including one that is gone.
    pub fn worker(&self, worker: WorkerId) -> Option<WorkerView> {
        self.slots.get(worker.index()).map(|slot| slot.view(worker, self.start))
    }

    /// Returns the status of all workers that ever existed, in the order of their ids.
    pub fn workers(&self) -> impl Iterator<Item = WorkerView> {
        (0..).map(WorkerId).zip(&self.slots).map(|(worker, slot)| slot.view(worker, self.start))
    }

    /// Returns the dead letters, oldest first.
    pub fn dead_letters(&self) -> impl Iterator<Item = &DeadLetter<P, R>> {
        self.dead_letters.iter()
    }

    /// Returns whether there is a dead letter of this task.
    pub fn has_dead_letter(&self, task: TaskId) -> bool {
        self.dead_letters.contains(task)
    }

    /// Returns the circuit breakers that have recorded a failure.
    pub fn breakers(&self, now: Instant) -> impl Iterator<Item = BreakerView> {
        self.breakers.views(Timestamp::from_instant(now, self.start))
    }

    /// Selects which of the most frequent events are emitted. All of them are by default.
    pub fn set_event_filter(&mut self, filter: EventFilter) {
        self.event_filter = filter;
    }

    /// Returns whether the queue reached its limit and has not been empty since.
    pub fn is_under_backpressure(&self) -> bool {
        self.under_backpressure
    }

    /// Returns the number of tasks that are due and wait for a worker.
    pub fn waiting(&self) -> usize {
        self.queue.len() - self.queue.delayed()
    }

    /// Returns the number of workers wanted.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Returns the number of tasks that wait for a worker in each priority that has any, most urgent
    /// first.
    pub fn by_priority(&self) -> impl Iterator<Item = (Priority, usize)> {
        self.queue.by_priority()
    }

    /// Returns the longest wait among the first tasks of all priorities.
    pub fn oldest_wait(&self, now: Instant) -> Option<Duration> {
        let now = Timestamp::from_instant(now, self.start);
        self.queue.oldest_due().map(|due| now.saturating_duration_since(due))
    }

    /// Returns whether all accepted tasks are settled.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.running() == 0
    }

    fn running(&self) -> usize {
        let attempts = self.slots.iter().flat_map(|slot| slot.in_flight.iter());
        attempts.filter(|attempt| attempt.job.is_some()).count()
    }
}
