//! Ends running attempts: timeouts, aborts, and the escalation from a signal over a forced end to the
//! abandonment of the worker.

use crate::scheduler::effect::{Effect, Interruption};
use crate::scheduler::machine::alarm::Alarm;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::machine::workers::blame::Blame;
use crate::scheduler::outcome::Failure;
use crate::scheduler::policy::breaker::Verdict;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::task::TaskId;
use crate::scheduler::timestamp::Timestamp;
use crate::scheduler::worker::exit::Exit;
use crate::scheduler::worker::id::WorkerId;
use crate::scheduler::worker::in_flight::{Attempt, Deadline, Phase};

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    pub(in crate::scheduler) fn abort(&mut self, task: TaskId, out: &mut Vec<Effect<P, R>>) {
        if let Some(job) = self.queue.remove(task) {
            return self.settle(job, None, Err(Failure::Aborted), out);
        }
        for worker in self.worker_ids() {
            let in_flight = &mut self.slots[worker.index()].in_flight;
            let attempt = in_flight.get_mut(task).filter(|attempt| attempt.job.is_some());
            let Some(attempt) = attempt else {
                continue;
            };
            let (started, phase, job) = (attempt.started, attempt.phase, attempt.job.take());
            if let Some(job) = job {
                self.report_to_breaker(&job, Verdict::Ignored, out);
                self.settle(job, Some((worker, started)), Err(Failure::Aborted), out);
            }
            // In another phase, its timeout has expired and a forced end is already on its way.
            if phase == Phase::Running {
                self.interrupt(worker, task, Interruption::Abort, Phase::Signalled, out);
            }
            return;
        }
    }

    /// Escalates for an attempt that did not end within the time of its phase.
    pub(in crate::scheduler) fn attempt_overdue(
        &mut self,
        worker: WorkerId,
        task: TaskId,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let attempt = self.slots[worker.index()].in_flight.get(task);
        match attempt.expect("a deadline is cancelled with its attempt").phase {
            Phase::Running => {
                self.interrupt(worker, task, Interruption::Timeout, Phase::Forced, out);
            }
            Phase::Signalled => {
                self.interrupt(worker, task, Interruption::Abort, Phase::Forced, out);
            }
            Phase::Forced => {
                self.abandon(worker, Exit::Unresponsive, Blame::One(task), out);
            }
        }
    }

    /// Interrupts an attempt, which enters `phase`.
    pub(in crate::scheduler) fn interrupt(
        &mut self,
        worker: WorkerId,
        task: TaskId,
        why: Interruption,
        phase: Phase,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let force = phase == Phase::Forced;
        let grace = if force { self.config.terminate_grace } else { self.config.abort_grace };
        let at = self.now.saturating_add(grace);
        let slot = &mut self.slots[worker.index()];
        let generation = slot.generation;
        let attempt = slot.in_flight.get_mut(task).expect("only what is in flight is interrupted");
        let before = attempt.deadline.replace(Deadline::Alarm(at));
        attempt.phase = phase;
        let attempt = attempt.number;
        self.cancel_deadline(before, worker, task);
        self.set_attempt_alarm(at, worker, task);
        out.push(Effect::Interrupt { worker, generation, task, attempt, why, force });
    }

    pub(in crate::scheduler) fn cancel_attempt_deadline(
        &mut self,
        worker: WorkerId,
        attempt: &Attempt<P>,
    ) {
        self.cancel_deadline(attempt.deadline, worker, attempt.task);
    }

    fn cancel_deadline(&mut self, deadline: Option<Deadline>, worker: WorkerId, task: TaskId) {
        match deadline {
            Some(Deadline::Timeout(id)) => self.timeouts.remove(id),
            Some(Deadline::Alarm(at)) => {
                self.alarms.remove(&(at, Alarm::Attempt(worker, task)));
            }
            None => {}
        }
    }

    pub(in crate::scheduler) fn set_attempt_alarm(
        &mut self,
        at: Timestamp,
        worker: WorkerId,
        task: TaskId,
    ) -> Deadline {
        self.set_alarm(at, Alarm::Attempt(worker, task));
        Deadline::Alarm(at)
    }
}
