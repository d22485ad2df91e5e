//! The end of the pool, in steps:
//!
//! 1. refuse new tasks; run the accepted ones while there is time;
//! 2. force what runs to end, and settle what is left;
//! 3. retire each worker once nothing is in flight on it, or give it up;
//! 4. say that all is closed.

use super::super::flights::Phase;
use super::super::letters::Weigh;
use super::super::moment::Moment;
use super::super::worker::WorkerState;
use super::super::{Effect, Failure, Interruption};
use super::{AT_ONCE, Scheduler};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lifetime {
    Open,
    /// Accepted tasks may run until then.
    Draining(Moment),
    /// All tasks are settled; the workers go.
    Ending,
    Closed,
}

impl Lifetime {
    pub(super) fn deadline(self) -> Option<Moment> {
        match self {
            Self::Draining(until) => Some(until),
            _ => None,
        }
    }

    pub(super) fn is_ending(self) -> bool {
        matches!(self, Self::Ending | Self::Closed)
    }
}

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    pub(super) fn close(&mut self, drain_until: Option<Moment>, out: &mut Vec<Effect<P, R>>) {
        self.paused = false;
        match (self.lifetime, drain_until) {
            (Lifetime::Open, Some(until)) => {
                self.lifetime = Lifetime::Draining(until);
                self.expect(until);
            }
            (Lifetime::Draining(before), Some(until)) => {
                self.lifetime = Lifetime::Draining(before.min(until));
                self.expect(until);
            }
            (Lifetime::Open | Lifetime::Draining(_), None) => self.close_now(out),
            (Lifetime::Ending | Lifetime::Closed, _) => {}
        }
    }

    pub(super) fn close_now(&mut self, out: &mut Vec<Effect<P, R>>) {
        for worker in self.worker_ids() {
            for task in self.slots[worker.index()].flights.tasks() {
                let flight = self.slots[worker.index()].flights.get_mut(task);
                let flight = flight.expect("none is answered meanwhile");
                let (started, phase) = (flight.started, flight.phase);
                if let Some(job) = flight.job.take() {
                    self.settle(job, Some((worker, started)), Err(Failure::Closed), out);
                }
                if phase != Phase::Forced {
                    self.interrupt(worker, task, Interruption::Shutdown, Phase::Forced, out);
                }
            }
        }
        self.dismiss_all(out);
    }

    /// Why nothing that waits will ever start.
    pub(super) fn despair(&self) -> Option<Failure<R>> {
        if self.lifetime.is_ending() {
            Some(Failure::Closed)
        } else {
            self.stranded.then_some(Failure::WorkerLost)
        }
    }

    /// Settles what waits in vain; of very many, the first.
    pub(super) fn give_up_waiting(&mut self, out: &mut Vec<Effect<P, R>>) {
        let Some(failure) = self.despair() else { return };
        for _ in 0..AT_ONCE {
            let Some(job) = self.queue.take_first() else { return };
            self.settle(job, None, Err(failure.clone()), out);
        }
        self.expect(self.now);
    }

    fn dismiss_all(&mut self, out: &mut Vec<Effect<P, R>>) {
        self.lifetime = Lifetime::Ending;
        for worker in self.worker_ids() {
            self.dismiss(worker, out);
        }
    }

    /// Takes the next step of the end when the one before it is done.
    pub(super) fn conclude(&mut self, out: &mut Vec<Effect<P, R>>) {
        if self.lifetime.deadline().is_some() && self.is_idle() {
            self.dismiss_all(out);
        }
        if self.lifetime == Lifetime::Ending
            && self.queue.is_empty()
            && self.slots.iter().all(|slot| slot.state == WorkerState::Gone)
        {
            self.lifetime = Lifetime::Closed;
            self.alarms.clear();
            self.soonest = Moment::NEVER;
            out.push(Effect::Closed);
        }
    }
}
