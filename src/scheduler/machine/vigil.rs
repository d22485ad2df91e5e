//! Signs of life: asks the workers for one in rounds, and gives up those that stay silent.

use std::time::Duration;

use super::super::letters::Weigh;
use super::super::moment::later;
use super::super::worker::{Generation, WorkerId, WorkerState};
use super::super::{Effect, Event, Exit};
use super::fleet::Guilt;
use super::{Alarm, Scheduler};

/// In the time after which a silent worker is a zombie there are so many, at least.
const ROUNDS: u32 = 4;

/// A worker that starts or ends, and cannot answer meanwhile, is not a zombie before this: many may do so
/// on few cores.
const PASSAGE: Duration = Duration::from_secs(30);

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    fn round(&self) -> Duration {
        self.config
            .heartbeat
            .min(self.config.zombie_threshold / ROUNDS)
            .max(Duration::from_millis(1))
    }

    pub(super) fn plan_round(&mut self) {
        self.set_alarm(later(self.now, self.round()), Alarm::Round);
    }

    pub(super) fn beat(&mut self, worker: WorkerId, generation: Generation) {
        let now = self.now;
        if let Some(slot) = self.live(worker, generation) {
            slot.hear(now);
        }
    }

    pub(super) fn make_round(&mut self, out: &mut Vec<Effect<P, R>>) {
        let passed = self.now.saturating_duration_since(self.last_round);
        // The whole process may have stood still, and nobody could answer.
        let passed = passed.min(self.round() * 2);
        self.last_round = self.now;
        self.plan_round();
        for worker in self.worker_ids() {
            let slot = &mut self.slots[worker.index()];
            if !slot.is_live() {
                continue;
            }
            let generation = slot.generation;
            if !slot.asked {
                slot.asked = true;
                out.push(Effect::Ask { worker, generation });
                continue;
            }
            slot.silent += passed;
            let threshold = match slot.state {
                WorkerState::Starting | WorkerState::Retiring => {
                    self.config.zombie_threshold.max(PASSAGE)
                }
                _ => self.config.zombie_threshold,
            };
            if slot.silent >= threshold {
                self.bury_zombie(worker, out);
            }
        }
    }

    fn bury_zombie(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        let slot = &self.slots[worker.index()];
        let generation = slot.generation;
        let silent = self.now.saturating_duration_since(slot.heard);
        let tasks = slot.flights.iter().filter(|f| f.job.is_some()).map(|f| f.task).collect();
        self.stats.zombies_detected += 1;
        out.push(Effect::Emit(Event::ZombieDetected { worker, generation, silent, tasks }));
        self.abandon(worker, Exit::Zombie, Guilt::All, out);
    }
}
