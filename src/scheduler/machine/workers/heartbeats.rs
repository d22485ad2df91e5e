//! Heartbeats: requests them from the workers in rounds, and abandons workers that do not answer.
//!
//! Time in which the whole process stood still counts as at most two rounds of silence.

use std::time::Duration;

use super::blame::Blame;
use crate::scheduler::effect::Effect;
use crate::scheduler::event::Event;
use crate::scheduler::machine::alarm::Alarm;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::worker::exit::Exit;
use crate::scheduler::worker::id::{Generation, WorkerId};
use crate::scheduler::worker::status::WorkerState;

/// Minimum number of rounds within the zombie threshold.
const ROUNDS_PER_THRESHOLD: u32 = 4;

/// Minimum zombie threshold of a worker that starts or retires: it cannot answer meanwhile, and many may
/// do so on few cores.
const START_STOP_THRESHOLD: Duration = Duration::from_secs(30);

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    fn heartbeat_interval(&self) -> Duration {
        self.config
            .heartbeat
            .min(self.config.zombie_threshold / ROUNDS_PER_THRESHOLD)
            .max(Duration::from_millis(1))
    }

    pub(in crate::scheduler) fn schedule_heartbeat_round(&mut self) {
        let at = self.now.saturating_add(self.heartbeat_interval());
        self.set_alarm(at, Alarm::HeartbeatRound);
    }

    pub(in crate::scheduler) fn heartbeat(&mut self, worker: WorkerId, generation: Generation) {
        let now = self.now;
        if let Some(slot) = self.live(worker, generation) {
            slot.record_heartbeat(now);
        }
    }

    pub(in crate::scheduler) fn run_heartbeat_round(&mut self, out: &mut Vec<Effect<P, R>>) {
        let passed = self.now.saturating_duration_since(self.last_heartbeat_round);
        // If more time has passed, the whole process stood still and no worker could answer.
        let passed = passed.min(self.heartbeat_interval() * 2);
        self.last_heartbeat_round = self.now;
        self.schedule_heartbeat_round();
        for worker in self.worker_ids() {
            let slot = &mut self.slots[worker.index()];
            if !slot.is_live() {
                continue;
            }
            let generation = slot.generation;
            if !slot.heartbeat_requested {
                slot.heartbeat_requested = true;
                out.push(Effect::RequestHeartbeat { worker, generation });
                continue;
            }
            slot.unanswered_for += passed;
            let threshold = match slot.state {
                WorkerState::Starting | WorkerState::Retiring => {
                    self.config.zombie_threshold.max(START_STOP_THRESHOLD)
                }
                _ => self.config.zombie_threshold,
            };
            if slot.unanswered_for >= threshold {
                self.abandon_zombie(worker, out);
            }
        }
    }

    fn abandon_zombie(&mut self, worker: WorkerId, out: &mut Vec<Effect<P, R>>) {
        let slot = &self.slots[worker.index()];
        let generation = slot.generation;
        let silent_for = self.now.saturating_duration_since(slot.last_heartbeat);
        let tasks = slot.in_flight.iter().filter(|a| a.job.is_some()).map(|a| a.task).collect();
        self.stats.zombies_detected += 1;
        out.push(Effect::Emit(Event::ZombieDetected { worker, generation, silent_for, tasks }));
        self.abandon(worker, Exit::Zombie, Blame::All, out);
    }
}
