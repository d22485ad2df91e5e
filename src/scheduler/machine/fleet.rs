//! The workers: starts, losses and their replacement, retirement, scaling.

use std::cmp::Reverse;
use std::time::Duration;

use super::super::letters::Weigh;
use super::super::moment::later;
use super::super::worker::{Generation, Slot, WorkerId, WorkerState};
use super::super::{Effect, Event, Exit, Retirement, TaskId};
use super::closing::Lifetime;
use super::{Alarm, Scheduler};

/// Which of the tasks in flight may have killed a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guilt {
    Nobody,
    One(TaskId),
    /// Nobody knows which of them.
    All,
}

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    pub(super) fn worker_ids(&self) -> impl Iterator<Item = WorkerId> + use<P, R> {
        let count = u32::try_from(self.slots.len()).expect("workers are counted in u32");
        (0..count).map(WorkerId)
    }

    /// Returns the slot if this generation is what lives in it.
    pub(super) fn live(
        &mut self,
        worker: WorkerId,
        generation: Generation,
    ) -> Option<&mut Slot<P>> {
        let slot = self.slots.get_mut(worker.index())?;
        (slot.generation == generation && slot.is_live()).then_some(slot)
    }

    pub(super) fn clamp(&self, size: usize) -> usize {
        let max = self.config.max_workers.max(1);
        size.clamp(self.config.min_workers.clamp(1, max), max)
    }

    pub(super) fn add_slot(&mut self, out: &mut Vec<Effect<P, R>>) {
        self.slots.push(Slot::new(self.now));
        let worker = self.worker_ids().last().expect("one was just added");
        self.spawn(worker, out);
    }

    /// Starts the next generation of a slot.
    fn spawn(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        self.silence_slot(worker);
        let slot = &mut self.slots[worker.index()];
        slot.generation.0 += 1;
        slot.started += 1;
        slot.served = 0;
        slot.worn = None;
        slot.hear(self.now);
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

    pub(super) fn ready(
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
            slot.hear(now);
            slot.idle_since = now;
            out.push(Effect::Emit(Event::WorkerReady { worker, generation }));
        }
    }

    pub(super) fn exited(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        exit: Exit,
        culprit: Option<TaskId>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let Some(slot) = self.live(worker, generation) else {
            // One that was given up has come to its end after all, and took its isolate along.
            if !exit.leaves_remains() {
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
                self.forget(worker);
            }
        } else {
            self.lose(worker, exit, culprit.map_or(Guilt::Nobody, Guilt::One), out);
        }
    }

    /// Gives up a worker that does not answer.
    pub(super) fn abandon(
        &mut self,
        worker: WorkerId,
        exit: Exit,
        guilt: Guilt,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let generation = self.slots[worker.index()].generation;
        out.push(Effect::Abandon { worker, generation });
        self.lose(worker, exit, guilt, out);
    }

    /// Decides on the tasks of a lost worker, and on its replacement.
    fn lose(&mut self, worker: WorkerId, exit: Exit, guilt: Guilt, out: &mut Vec<Effect<P, R>>) {
        let slot = &mut self.slots[worker.index()];
        let (generation, flights) = (slot.generation, slot.flights.take_all());
        slot.last_exit = Some(exit);
        slot.failures = slot.failures.saturating_add(1);
        let (wanted, failures) = (slot.wanted, slot.failures);
        if exit.leaves_remains() {
            self.abandoned.insert((worker, generation), exit);
        }
        let crowded = exit.leaves_remains() && self.is_crowded();
        out.push(Effect::Emit(Event::WorkerExited { worker, generation, exit }));
        for flight in flights {
            let guilty = guilt == Guilt::All || guilt == Guilt::One(flight.task);
            self.attempt_lost(worker, flight, guilty, out);
        }
        if !wanted {
            self.forget(worker);
        } else if crowded
            || !self.config.auto_restart
            || failures >= self.config.max_restart_attempts
        {
            self.silence_slot(worker);
            self.slots[worker.index()].state = WorkerState::Down;
            out.push(Effect::Emit(Event::WorkerDown { worker, failures }));
            self.look_for_hope();
        } else if failures == 1 {
            self.spawn(worker, out);
        } else {
            self.slots[worker.index()].state = WorkerState::Cooling;
            self.set_slot_alarm(worker, self.config.restart_cooldown);
        }
    }

    /// Ends the story of a slot that nobody wants; a later worker in it is no restart.
    fn forget(&mut self, worker: WorkerId) {
        self.silence_slot(worker);
        let slot = &mut self.slots[worker.index()];
        slot.state = WorkerState::Gone;
        slot.failures = 0;
        slot.last_exit = None;
    }

    pub(super) fn slot_overdue(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        match self.slots[worker.index()].state {
            WorkerState::Cooling => self.spawn(worker, out),
            _ => self.abandon(worker, Exit::Unresponsive, Guilt::Nobody, out),
        }
    }

    pub(super) fn retire_if_drained(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        let slot = &self.slots[worker.index()];
        if slot.state == WorkerState::Draining && slot.flights.is_empty() {
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
            slot.worn.expect("a wanted worker retires for a reason")
        } else {
            Retirement::ScaleDown
        };
        out.push(Effect::Retire { worker, generation, why });
        self.set_slot_alarm(worker, self.config.terminate_grace);
    }

    pub(super) fn restart(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        let Some(slot) = self.slots.get_mut(worker.index()).filter(|slot| slot.wanted) else {
            return;
        };
        match slot.state {
            WorkerState::Starting => {
                slot.worn = Some(Retirement::Restart);
                self.retire(worker, out);
            }
            WorkerState::Ready => {
                slot.worn = Some(Retirement::Restart);
                slot.state = WorkerState::Draining;
                self.retire_if_drained(worker, out);
            }
            WorkerState::Cooling | WorkerState::Down => {
                slot.failures = 0;
                self.spawn(worker, out);
                self.look_for_hope();
            }
            WorkerState::Draining | WorkerState::Retiring | WorkerState::Gone => {}
        }
    }

    pub(super) fn scale(&mut self, size: usize, automatic: bool, out: &mut Vec<Effect<P, R>>) {
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
        self.plan_review();
        self.look_for_hope();
    }

    /// Takes back those that were to go, before it makes new slots; so there are never more slots
    /// than workers allowed.
    fn scale_up(&mut self, by: usize, out: &mut Vec<Effect<P, R>>) {
        let mut unwanted: Vec<_> =
            self.worker_ids().filter(|id| !self.slots[id.index()].wanted).collect();
        unwanted.sort_by_key(|id| match self.slots[id.index()] {
            Slot { state: WorkerState::Draining, worn: None, .. } => 0,
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
                WorkerState::Draining if slot.worn.is_none() => slot.state = WorkerState::Ready,
                WorkerState::Gone => self.spawn(worker, out),
                // It is replaced once it has gone.
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
            (rank, slot.flights.len(), Reverse(*id))
        });
        for worker in wanted.into_iter().take(by) {
            self.dismiss(worker, out);
        }
    }

    /// Lets a worker go after its tasks, without a replacement.
    pub(super) fn dismiss(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        let slot = &mut self.slots[worker.index()];
        slot.wanted = false;
        match slot.state {
            WorkerState::Starting => self.retire(worker, out),
            WorkerState::Ready | WorkerState::Draining => {
                slot.state = WorkerState::Draining;
                self.retire_if_drained(worker, out);
            }
            WorkerState::Cooling | WorkerState::Down => self.forget(worker),
            WorkerState::Retiring | WorkerState::Gone => {}
        }
    }

    /// Whether so many workers were given up that no other one is risked.
    pub(super) fn is_crowded(&self) -> bool {
        !self.abandoned.is_empty() && self.abandoned.len() >= self.config.max_abandoned
    }

    fn look_for_hope(&mut self) {
        let mut wanted = self.slots.iter().filter(|slot| slot.wanted);
        self.stranded = wanted.all(|slot| slot.state == WorkerState::Down);
    }

    fn set_slot_alarm(&mut self, worker: WorkerId, span: Duration) {
        self.silence_slot(worker);
        let at = later(self.now, span);
        self.slots[worker.index()].alarm = Some(at);
        self.set_alarm(at, Alarm::Slot(worker));
    }

    fn silence_slot(&mut self, worker: WorkerId) {
        if let Some(at) = self.slots[worker.index()].alarm.take() {
            self.alarms.remove(&(at, Alarm::Slot(worker)));
        }
    }
}
