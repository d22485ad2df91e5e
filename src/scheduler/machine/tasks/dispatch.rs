//! Assigns waiting tasks to workers with room.
//!
//! Never starts a task on a worker without room, in a paused pool, or past an open breaker.

use crate::scheduler::effect::Effect;
use crate::scheduler::machine::alarm::MAX_PER_TICK;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::outcome::Failure;
use crate::scheduler::policy::balance::Balance;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::queue::job::Job;
use crate::scheduler::worker::id::WorkerId;
use crate::scheduler::worker::slot::Slot;
use crate::scheduler::worker::status::WorkerState;

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Starts due tasks while a worker has room, first on the worker that has just reported.
    pub(in crate::scheduler) fn dispatch(
        &mut self,
        reporter: Option<WorkerId>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        if self.paused {
            return;
        }
        let mut expired = 0;
        while self.queue.has_due() && expired < MAX_PER_TICK {
            let reporter =
                reporter.filter(|id| self.slots.get(id.index()).is_some_and(|s| self.has_room(s)));
            let longest_idle_first =
                self.queue.peek().is_some_and(|job| job.options.longest_idle_first);
            let Some(worker) = reporter.or_else(|| self.pick(longest_idle_first)) else {
                return;
            };
            if let Some(job) = self.queue.pop() {
                // More timeouts have expired than are handled in one tick.
                if job.expires().is_some_and(|at| at <= self.now) {
                    self.fail_expired(job, out);
                    expired += 1;
                    continue;
                }
                match self.breakers.retry_after(&job.options.kind, self.now) {
                    None => self.start(worker, job, out),
                    Some(retry_after) => self.hold_back(job, retry_after, out),
                }
            }
        }
    }

    /// Returns the worker that gets the next task.
    pub(in crate::scheduler) fn pick(&self, longest_idle_first: bool) -> Option<WorkerId> {
        let candidates = (0..).map(WorkerId).zip(&self.slots);
        let open = candidates.filter(|(_, slot)| self.has_room(slot));
        if longest_idle_first && self.config.balance == Balance::LeastLoaded {
            let idle = open.clone().filter(|(_, slot)| slot.in_flight.is_empty());
            let longest_idle = idle.min_by_key(|(_, slot)| slot.idle_since);
            if let Some((worker, _)) = longest_idle {
                return Some(worker);
            }
        }
        let loads = open.map(|(id, slot)| (id, slot.in_flight.len()));
        self.config.balance.pick(loads, self.last_worker)
    }

    fn has_room(&self, slot: &Slot<P>) -> bool {
        let load = slot.in_flight.len();
        slot.state == WorkerState::Ready
            && load < self.config.tasks_per_worker.max(1)
            && self
                .config
                .max_tasks_per_worker
                .is_none_or(|max| slot.served + (load as u64) < max.max(1))
    }

    pub(in crate::scheduler) fn fail_expired(&mut self, job: Job<P>, out: &mut Vec<Effect<P, R>>) {
        let waited = self.now.saturating_duration_since(job.due);
        self.settle(job, None, Err(Failure::QueueTimeout { waited }), out);
    }
}
