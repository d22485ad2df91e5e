//! Attempts, from their start to their end: retries, and the reports to the circuit breakers.
//!
//! An attempt ends exactly once: a late or second answer has no effect.

use std::time::Duration;

use crate::scheduler::effect::Effect;
use crate::scheduler::event::Event;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::outcome::{Failure, Outcome};
use crate::scheduler::policy::breaker::{Transition, Verdict};
use crate::scheduler::policy::dead_letters::FailedAttempt;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::queue::job::Job;
use crate::scheduler::task::TaskId;
use crate::scheduler::timestamp::Timestamp;
use crate::scheduler::worker::exit::Retirement;
use crate::scheduler::worker::id::{Generation, WorkerId};
use crate::scheduler::worker::in_flight::{Attempt, Deadline, Phase};

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    pub(in crate::scheduler) fn start(
        &mut self,
        worker: WorkerId,
        mut job: Job<P>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        self.breakers.admit(&job.options.kind, job.id);
        job.attempts += 1;
        job.was_started = true;
        let (task, attempt, started) = (job.id, job.attempts, self.now);
        let deadline = job.options.timeout.map(|limit| {
            let at = started.saturating_add(limit);
            self.tick_by(at);
            match self.timeouts.add(limit, at, worker, task) {
                Some(id) => Deadline::Timeout(id),
                None => self.set_attempt_alarm(at, worker, task),
            }
        });
        let slot = &mut self.slots[worker.index()];
        let (generation, payload) = (slot.generation, job.payload.clone());
        let waited = started.saturating_duration_since(job.due);
        slot.in_flight.push(Attempt {
            task,
            number: attempt,
            started,
            phase: Phase::Running,
            deadline,
            job: Some(job),
        });
        self.last_worker = worker;
        out.push(Effect::Assign { worker, generation, task, attempt, payload });
        if self.event_filter.started {
            out.push(Effect::Emit(Event::TaskStarted { task, worker, attempt, waited }));
        }
    }

    pub(in crate::scheduler) fn finished(
        &mut self,
        (worker, generation): (WorkerId, Generation),
        (task, attempt): (TaskId, u32),
        outcome: Outcome<R>,
        retire: Option<Retirement>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let now = self.now;
        // Otherwise it is a late answer of a replaced worker, or a second one: the task has moved on.
        let Some(slot) = self.live(worker, generation) else {
            return;
        };
        let Some(attempt) = slot.in_flight.take(task, attempt) else { return };

        slot.served += 1;
        slot.tasks_done += 1;
        slot.failures = 0;
        slot.record_heartbeat(now);
        slot.idle_since = now;
        let served = slot.served;
        self.cancel_attempt_deadline(worker, &attempt);
        if let Some(job) = attempt.job {
            self.attempt_ended(job, (worker, attempt.started, attempt.phase), outcome, out);
        }
        let spent = self.config.max_tasks_per_worker.is_some_and(|max| served >= max);
        if let Some(why) = retire.or(spent.then_some(Retirement::MaxTasks)) {
            self.drain(worker, why);
        }
        self.retire_if_drained(worker, out);
    }

    fn attempt_ended(
        &mut self,
        job: Job<P>,
        (worker, started, phase): (WorkerId, Timestamp, Phase),
        outcome: Outcome<R>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let run = (worker, started);
        let verdict = match outcome {
            Outcome::Done(_) => Verdict::Success,
            Outcome::Failed { retryable: false, .. } => Verdict::Ignored,
            _ => Verdict::Failure,
        };
        self.report_to_breaker(&job, verdict, out);
        match outcome {
            // Also if an interrupt was on its way: the result is there.
            Outcome::Done(result) => self.settle(job, Some(run), Ok(result), out),
            Outcome::Failed { error, retryable: true } => {
                self.retry_or_fail(job, run, Failure::Failed(error), out);
            }
            Outcome::Failed { error, retryable: false } => {
                self.settle(job, Some(run), Err(Failure::Failed(error)), out);
            }
            Outcome::Interrupted => {
                let failure = interrupted(&job, phase);
                self.retry_or_fail(job, run, failure, out);
            }
            Outcome::MemoryLimit => self.retry_or_fail(job, run, Failure::MemoryLimit, out),
        }
    }

    /// Decides on an attempt that was lost with its worker. `blamed` if it may have killed the worker.
    pub(in crate::scheduler) fn attempt_lost(
        &mut self,
        worker: WorkerId,
        attempt: Attempt<P>,
        blamed: bool,
        out: &mut Vec<Effect<P, R>>,
    ) {
        self.cancel_attempt_deadline(worker, &attempt);
        let Some(mut job) = attempt.job else { return };
        if attempt.phase == Phase::Forced || blamed {
            self.report_to_breaker(&job, Verdict::Failure, out);
            let failure = interrupted(&job, attempt.phase);
            self.retry_or_fail(job, (worker, attempt.started), failure, out);
        } else {
            self.report_to_breaker(&job, Verdict::Ignored, out);
            job.attempts -= 1;
            job.due = self.now;
            self.enqueue(job);
        }
    }

    pub(in crate::scheduler) fn report_to_breaker(
        &mut self,
        job: &Job<P>,
        verdict: Verdict,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let transition = self.breakers.record(&job.options.kind, job.id, verdict, self.now);
        let Some(transition) = transition else {
            return;
        };
        let kind = job.options.kind.clone();
        let event = match transition {
            Transition::Opened { failures, retry_after } => {
                self.stats.circuits_opened += 1;
                Event::CircuitOpened { kind, failures, retry_after }
            }
            Transition::Closed => Event::CircuitClosed { kind },
        };
        out.push(Effect::Emit(event));
    }

    /// Does not start a task because its circuit breaker is open.
    ///
    /// A task that was attempted before waits longer. Any other task fails, as it would if it was submitted
    /// now.
    pub(in crate::scheduler) fn hold_back(
        &mut self,
        mut job: Job<P>,
        retry_after: Duration,
        out: &mut Vec<Effect<P, R>>,
    ) {
        if job.attempts == 0 {
            return self.settle(job, None, Err(Failure::CircuitOpen { retry_after }), out);
        }
        // At least a millisecond: a zero delay would hold it back again at once, in an endless loop.
        job.due = self.now.saturating_add(retry_after.max(Duration::from_millis(1)));
        self.enqueue(job);
    }

    fn retry_or_fail(
        &mut self,
        mut job: Job<P>,
        (worker, started): (WorkerId, Timestamp),
        failure: Failure<R>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let (task, attempt, retry) = (job.id, job.attempts, job.options.retry);
        if !retry.allows_another(attempt) {
            return self.settle(job, Some((worker, started)), Err(failure), out);
        }
        let at = self.now.to_instant(self.start);
        self.dead_letters
            .record(task, FailedAttempt { attempt, failure, worker: Some(worker), at });
        let delay = retry.delay(attempt, &mut self.random);
        job.due = self.now.saturating_add(delay);
        self.enqueue(job);
        self.stats.retried += 1;
        out.push(Effect::Emit(Event::TaskFailed {
            task,
            worker: Some(worker),
            attempt,
            retried: true,
        }));
        out.push(Effect::Emit(Event::TaskRetried { task, attempt: attempt + 1, delay }));
    }
}

fn interrupted<P, R>(job: &Job<P>, phase: Phase) -> Failure<R> {
    match job.options.timeout {
        Some(limit) if phase == Phase::Forced => Failure::Timeout { limit },
        // It was not told to end.
        _ => Failure::WorkerLost,
    }
}
