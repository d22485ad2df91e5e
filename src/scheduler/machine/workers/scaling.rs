//! The number of workers: which slots are added or removed.
//!
//! Never ends a running task: a removed worker drains first.

use std::cmp::Reverse;

use crate::scheduler::effect::Effect;
use crate::scheduler::event::Event;
use crate::scheduler::machine::lifetime::Lifetime;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::worker::slot::Slot;
use crate::scheduler::worker::status::WorkerState;

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Clamps a number of workers to the limits.
    pub(in crate::scheduler) fn clamp(&self, size: usize) -> usize {
        let max = self.config.max_workers.max(1);
        size.clamp(self.config.min_workers.clamp(1, max), max)
    }

    pub(in crate::scheduler) fn scale(
        &mut self,
        size: usize,
        automatic: bool,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let (from, to) = (self.size, self.clamp(size));
        if self.lifetime != Lifetime::Open || from == to {
            return;
        }
        self.size = to;
        if from < to {
            out.push(Effect::Emit(Event::ScaledUp { from, to, automatic }));
            self.scale_up(to - from, out);
        } else {
            out.push(Effect::Emit(Event::ScaledDown { from, to, automatic }));
            self.scale_down(from - to, out);
        }
        self.schedule_review();
        self.update_all_down();
    }

    /// Keeps workers that were to be removed before it adds slots, so that there are never more slots than
    /// the maximum number of workers.
    fn scale_up(&mut self, by: usize, out: &mut Vec<Effect<P, R>>) {
        let mut unwanted: Vec<_> =
            self.worker_ids().filter(|id| !self.slots[id.index()].wanted).collect();
        unwanted.sort_by_key(|id| match self.slots[id.index()] {
            Slot { state: WorkerState::Draining, retirement: None, .. } => 0,
            Slot { state: WorkerState::Gone, .. } => 1,
            _ => 2,
        });
        for turn in 0..by {
            let Some(&worker) = unwanted.get(turn) else {
                self.add_slot(out);
                continue;
            };
            let slot = &mut self.slots[worker.index()];
            slot.wanted = true;
            match slot.state {
                WorkerState::Draining if slot.retirement.is_none() => {
                    slot.state = WorkerState::Ready;
                }
                WorkerState::Gone => self.spawn(worker, out),
                // It is replaced when it has ended.
                _ => {}
            }
        }
    }

    fn scale_down(&mut self, by: usize, out: &mut Vec<Effect<P, R>>) {
        let mut wanted: Vec<_> =
            self.worker_ids().filter(|id| self.slots[id.index()].wanted).collect();
        wanted.sort_by_key(|id| {
            let slot = &self.slots[id.index()];
            let rank = match slot.state {
                WorkerState::Down | WorkerState::Gone => 0,
                WorkerState::Cooling => 1,
                WorkerState::Retiring => 2,
                WorkerState::Starting => 3,
                WorkerState::Ready | WorkerState::Draining => 4,
            };
            (rank, slot.in_flight.len(), Reverse(*id))
        });
        for worker in wanted.into_iter().take(by) {
            self.remove_worker(worker, out);
        }
    }
}
