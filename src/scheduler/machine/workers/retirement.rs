//! The planned end of workers: draining, retirement, restart and removal.
//!
//! Never retires a worker with attempts in flight.

use crate::scheduler::effect::Effect;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::worker::exit::Retirement;
use crate::scheduler::worker::id::WorkerId;
use crate::scheduler::worker::status::WorkerState;

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Gives a worker no more tasks, because its isolate must not be used again.
    pub(in crate::scheduler) fn drain(&mut self, worker: WorkerId, why: Retirement) {
        let slot = &mut self.slots[worker.index()];
        slot.retirement.get_or_insert(why);
        slot.state = WorkerState::Draining;
    }

    pub(in crate::scheduler) fn retire_if_drained(
        &mut self,
        worker: WorkerId,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let slot = &self.slots[worker.index()];
        if slot.state == WorkerState::Draining && slot.in_flight.is_empty() {
            self.retire(worker, out);
        }
    }

    fn retire(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        let slot = &mut self.slots[worker.index()];
        slot.state = WorkerState::Retiring;
        let generation = slot.generation;
        let why = if self.lifetime.is_ending() {
            Retirement::Shutdown
        } else if slot.wanted {
            slot.retirement.expect("a wanted worker retires for a reason")
        } else {
            Retirement::ScaleDown
        };
        out.push(Effect::Retire { worker, generation, why });
        self.set_slot_alarm(worker, self.config.terminate_grace);
    }

    pub(in crate::scheduler) fn restart(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        let Some(slot) = self.slots.get_mut(worker.index()).filter(|slot| slot.wanted) else {
            return;
        };
        match slot.state {
            WorkerState::Starting => {
                slot.retirement = Some(Retirement::Restart);
                self.retire(worker, out);
            }
            WorkerState::Ready => {
                slot.retirement = Some(Retirement::Restart);
                slot.state = WorkerState::Draining;
                self.retire_if_drained(worker, out);
            }
            WorkerState::Cooling | WorkerState::Down => {
                slot.failures = 0;
                self.spawn(worker, out);
                self.update_all_down();
            }
            WorkerState::Draining | WorkerState::Retiring | WorkerState::Gone => {}
        }
    }

    /// Ends a worker after its tasks, without a replacement.
    pub(in crate::scheduler) fn remove_worker(
        &mut self,
        worker: WorkerId,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let slot = &mut self.slots[worker.index()];
        slot.wanted = false;
        match slot.state {
            WorkerState::Starting => self.retire(worker, out),
            WorkerState::Ready | WorkerState::Draining => {
                slot.state = WorkerState::Draining;
                self.retire_if_drained(worker, out);
            }
            WorkerState::Cooling | WorkerState::Down => self.vacate(worker),
            WorkerState::Retiring | WorkerState::Gone => {}
        }
    }
}
