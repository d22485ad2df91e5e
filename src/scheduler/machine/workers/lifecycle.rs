//! Starts and losses of workers, and the replacement of lost ones.
//!
//! Each start has a new generation; inputs of an earlier one never reach the new worker.

use super::blame::Blame;
use crate::scheduler::effect::Effect;
use crate::scheduler::event::Event;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::task::TaskId;
use crate::scheduler::worker::exit::Exit;
use crate::scheduler::worker::id::{Generation, WorkerId};
use crate::scheduler::worker::status::WorkerState;

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Starts the next generation in a slot.
    pub(super) fn spawn(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        self.cancel_slot_alarm(worker);
        let slot = &mut self.slots[worker.index()];
        slot.generation.0 += 1;
        slot.started += 1;
        slot.served = 0;
        slot.retirement = None;
        slot.record_heartbeat(self.now);
        slot.idle_since = self.now;
        slot.state = WorkerState::Starting;
        let generation = slot.generation;
        self.stats.workers_spawned += 1;
        out.push(Effect::Spawn { worker, generation });
        if let Some(after) = slot.last_exit {
            self.stats.workers_restarted += 1;
            out.push(Effect::Emit(Event::WorkerRestarted { worker, generation, after }));
        }
    }

    pub(in crate::scheduler) fn ready(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let now = self.now;
        if let Some(slot) = self.live(worker, generation)
            && slot.state == WorkerState::Starting
        {
            slot.state = WorkerState::Ready;
            slot.record_heartbeat(now);
            slot.idle_since = now;
            out.push(Effect::Emit(Event::WorkerReady { worker, generation }));
        }
    }

    pub(in crate::scheduler) fn exited(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        exit: Exit,
        culprit: Option<TaskId>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let Some(slot) = self.live(worker, generation) else {
            // An abandoned worker ended after all, and its isolate with it.
            if !exit.leaks_isolate() {
                self.abandoned.remove(&(worker, generation));
            }
            return;
        };
        if slot.state == WorkerState::Retiring && matches!(exit, Exit::Retired(_)) {
            slot.last_exit = Some(exit);
            out.push(Effect::Emit(Event::WorkerExited { worker, generation, exit }));
            if slot.wanted {
                self.spawn(worker, out);
            } else {
                self.vacate(worker);
            }
        } else {
            self.lose(worker, exit, culprit.map_or(Blame::Nobody, Blame::One), out);
        }
    }

    /// Abandons a worker that does not answer.
    pub(in crate::scheduler) fn abandon(
        &mut self,
        worker: WorkerId,
        exit: Exit,
        blame: Blame,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let generation = self.slots[worker.index()].generation;
        out.push(Effect::Abandon { worker, generation });
        self.lose(worker, exit, blame, out);
    }

    /// Decides on the tasks of a lost worker, and on its replacement.
    fn lose(&mut self, worker: WorkerId, exit: Exit, blame: Blame, out: &mut Vec<Effect<P, R>>) {
        let slot = &mut self.slots[worker.index()];
        let (generation, attempts) = (slot.generation, slot.in_flight.take_all());
        slot.last_exit = Some(exit);
        slot.failures = slot.failures.saturating_add(1);
        let (wanted, failures) = (slot.wanted, slot.failures);
        if exit.leaks_isolate() {
            self.abandoned.insert((worker, generation), exit);
        }
        let too_many = exit.leaks_isolate() && self.is_abandoned_limit_reached();
        out.push(Effect::Emit(Event::WorkerExited { worker, generation, exit }));
        for attempt in attempts {
            let blamed = blame == Blame::All || blame == Blame::One(attempt.task);
            self.attempt_lost(worker, attempt, blamed, out);
        }
        if !wanted {
            self.vacate(worker);
        } else if too_many
            || !self.config.auto_restart
            || failures >= self.config.max_restart_attempts
        {
            self.cancel_slot_alarm(worker);
            self.slots[worker.index()].state = WorkerState::Down;
            out.push(Effect::Emit(Event::WorkerDown { worker, failures }));
            self.update_all_down();
        } else if failures == 1 {
            self.spawn(worker, out);
        } else {
            self.slots[worker.index()].state = WorkerState::Cooling;
            self.set_slot_alarm(worker, self.config.restart_cooldown);
        }
    }

    pub(in crate::scheduler) fn slot_overdue(
        &mut self,
        worker: WorkerId,
        out: &mut Vec<Effect<P, R>>,
    ) {
        match self.slots[worker.index()].state {
            WorkerState::Cooling => self.spawn(worker, out),
            _ => self.abandon(worker, Exit::Unresponsive, Blame::Nobody, out),
        }
    }
}
