//! The shutdown, in steps:
//!
//! 1. refuse new tasks, and run the accepted ones until the deadline;
//! 2. interrupt what runs, and settle what is left;
//! 3. retire each worker once nothing is in flight on it, or abandon it;
//! 4. report that the pool is closed.

use super::alarm::MAX_PER_TICK;
use super::lifetime::Lifetime;
use super::scheduler::Scheduler;
use crate::scheduler::effect::{Effect, Interruption};
use crate::scheduler::outcome::Failure;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::timestamp::Timestamp;
use crate::scheduler::worker::in_flight::Phase;
use crate::scheduler::worker::status::WorkerState;

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    pub(super) fn close(&mut self, drain_until: Option<Timestamp>, out: &mut Vec<Effect<P, R>>) {
        self.paused = false;
        match (self.lifetime, drain_until) {
            (Lifetime::Open, Some(until)) => {
                self.lifetime = Lifetime::Draining(until);
                self.tick_by(until);
            }
            (Lifetime::Draining(before), Some(until)) => {
                self.lifetime = Lifetime::Draining(before.min(until));
                self.tick_by(until);
            }
            (Lifetime::Open | Lifetime::Draining(_), None) => self.close_now(out),
            (Lifetime::Ending | Lifetime::Closed, _) => {}
        }
    }

    pub(super) fn close_now(&mut self, out: &mut Vec<Effect<P, R>>) {
        for worker in self.worker_ids() {
            for task in self.slots[worker.index()].in_flight.tasks() {
                let attempt = self.slots[worker.index()].in_flight.get_mut(task);
                let attempt = attempt.expect("no attempt is answered meanwhile");
                let (started, phase) = (attempt.started, attempt.phase);
                if let Some(job) = attempt.job.take() {
                    self.settle(job, Some((worker, started)), Err(Failure::Closed), out);
                }
                if phase != Phase::Forced {
                    self.interrupt(worker, task, Interruption::Shutdown, Phase::Forced, out);
                }
            }
        }
        self.remove_all_workers(out);
    }

    /// Returns the failure of all waiting tasks, if none of them can ever start.
    pub(super) fn waiting_failure(&self) -> Option<Failure<R>> {
        if self.lifetime.is_ending() {
            Some(Failure::Closed)
        } else {
            self.all_down.then_some(Failure::WorkerLost)
        }
    }

    /// Settles waiting tasks that can never start, at most [`MAX_PER_TICK`] of them.
    pub(super) fn fail_waiting(&mut self, out: &mut Vec<Effect<P, R>>) {
        let Some(failure) = self.waiting_failure() else { return };
        for _ in 0..MAX_PER_TICK {
            let Some(job) = self.queue.take_first() else { return };
            self.settle(job, None, Err(failure.clone()), out);
        }
        self.tick_by(self.now);
    }

    fn remove_all_workers(&mut self, out: &mut Vec<Effect<P, R>>) {
        self.lifetime = Lifetime::Ending;
        for worker in self.worker_ids() {
            self.remove_worker(worker, out);
        }
    }

    /// Takes the next step of the shutdown if the previous one is complete.
    pub(super) fn conclude(&mut self, out: &mut Vec<Effect<P, R>>) {
        if self.lifetime.deadline().is_some() && self.is_idle() {
            self.remove_all_workers(out);
        }
        if self.lifetime == Lifetime::Ending
            && self.queue.is_empty()
            && self.slots.iter().all(|slot| slot.state == WorkerState::Gone)
        {
            self.lifetime = Lifetime::Closed;
            self.alarms.clear();
            self.earliest_due = Timestamp::NEVER;
            out.push(Effect::Closed);
        }
    }
}
