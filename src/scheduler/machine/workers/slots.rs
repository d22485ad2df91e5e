//! Access to the slots, and their alarms.

use std::time::Duration;

use crate::scheduler::effect::Effect;
use crate::scheduler::machine::alarm::Alarm;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::worker::id::{Generation, WorkerId};
use crate::scheduler::worker::slot::Slot;
use crate::scheduler::worker::status::WorkerState;

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    pub(in crate::scheduler) fn worker_ids(&self) -> impl Iterator<Item = WorkerId> + use<P, R> {
        let count = u32::try_from(self.slots.len()).expect("workers are counted in u32");
        (0..count).map(WorkerId)
    }

    /// Returns the slot if this generation lives in it.
    pub(in crate::scheduler) fn live(
        &mut self,
        worker: WorkerId,
        generation: Generation,
    ) -> Option<&mut Slot<P>> {
        let slot = self.slots.get_mut(worker.index())?;
        (slot.generation == generation && slot.is_live()).then_some(slot)
    }

    /// Adds a slot and starts a worker in it.
    pub(in crate::scheduler) fn add_slot(&mut self, out: &mut Vec<Effect<P, R>>) {
        self.slots.push(Slot::new(self.now));
        let worker = self.worker_ids().last().expect("one was just added");
        self.spawn(worker, out);
    }

    /// Empties a slot that is no longer wanted. A later worker in it does not count as a restart.
    pub(super) fn vacate(&mut self, worker: WorkerId) {
        self.cancel_slot_alarm(worker);
        let slot = &mut self.slots[worker.index()];
        slot.state = WorkerState::Gone;
        slot.failures = 0;
        slot.last_exit = None;
    }

    /// Returns whether so many workers were abandoned that lost ones are not replaced.
    pub(super) fn is_abandoned_limit_reached(&self) -> bool {
        !self.abandoned.is_empty() && self.abandoned.len() >= self.config.max_abandoned
    }

    pub(super) fn update_all_down(&mut self) {
        let mut wanted = self.slots.iter().filter(|slot| slot.wanted);
        self.all_down = wanted.all(|slot| slot.state == WorkerState::Down);
    }

    pub(super) fn set_slot_alarm(&mut self, worker: WorkerId, span: Duration) {
        self.cancel_slot_alarm(worker);
        let at = self.now.saturating_add(span);
        self.slots[worker.index()].alarm = Some(at);
        self.set_alarm(at, Alarm::Slot(worker));
    }

    pub(super) fn cancel_slot_alarm(&mut self, worker: WorkerId) {
        if let Some(at) = self.slots[worker.index()].alarm.take() {
            self.alarms.remove(&(at, Alarm::Slot(worker)));
        }
    }
}
