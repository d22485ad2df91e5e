//! The life of a task from its start to its settlement: attempts, their deadlines, retries, aborts.

use std::time::Duration;

use super::super::breaker::{Change, Verdict};
use super::super::flights::{Flight, Limit, Phase};
use super::super::job::Job;
use super::super::letters::{Lapse, Weigh};
use super::super::moment::{Moment, later};
use super::super::worker::{Generation, WorkerId, WorkerState};
use super::super::{Effect, Event, Exit, Failure, Interruption, Outcome, Retirement, TaskId};
use super::fleet::Guilt;
use super::{Alarm, Scheduler};

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    pub(super) fn start(&mut self, worker: WorkerId, mut job: Job<P>, out: &mut Vec<Effect<P, R>>) {
        self.breakers.admit(&job.rules.kind, job.id);
        job.attempts += 1;
        job.was_started = true;
        let (task, attempt, started) = (job.id, job.attempts, self.now);
        let alarm = job.rules.timeout.map(|limit| {
            let at = later(started, limit);
            self.expect(at);
            match self.timeouts.add(limit, at, worker, task) {
                Some(ticket) => Limit::Timeout(ticket),
                None => self.set_flight_alarm(at, worker, task),
            }
        });
        let slot = &mut self.slots[worker.index()];
        let (generation, payload) = (slot.generation, job.payload.clone());
        let waited = started.saturating_duration_since(job.due);
        slot.flights.push(Flight {
            task,
            attempt,
            started,
            phase: Phase::Running,
            alarm,
            job: Some(job),
        });
        self.last = worker;
        out.push(Effect::Assign { worker, generation, task, attempt, payload });
        if self.tells.started {
            out.push(Effect::Emit(Event::TaskStarted { task, worker, attempt, waited }));
        }
    }

    pub(super) fn finished(
        &mut self,
        (worker, generation): (WorkerId, Generation),
        (task, attempt): (TaskId, u32),
        outcome: Outcome<R>,
        retire: Option<Retirement>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let now = self.now;
        // Otherwise a late answer of a replaced worker, or a second one; the task has gone on.
        let Some(slot) = self.live(worker, generation) else {
            return;
        };
        let Some(flight) = slot.flights.take(task, attempt) else { return };

        slot.served += 1;
        slot.tasks_done += 1;
        slot.failures = 0;
        slot.hear(now);
        slot.idle_since = now;
        let served = slot.served;
        self.silence_flight(worker, &flight);
        if let Some(job) = flight.job {
            self.attempt_ended(job, (worker, flight.started, flight.phase), outcome, out);
        }
        let spent = self.config.max_tasks_per_worker.is_some_and(|max| served >= max);
        if let Some(why) = retire.or(spent.then_some(Retirement::MaxTasks)) {
            self.wear_out(worker, why);
        }
        self.retire_if_drained(worker, out);
    }

    fn attempt_ended(
        &mut self,
        job: Job<P>,
        (worker, started, phase): (WorkerId, Moment, Phase),
        outcome: Outcome<R>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let run = (worker, started);
        let verdict = match outcome {
            Outcome::Done(_) => Verdict::Success,
            Outcome::Failed { retryable: false, .. } => Verdict::Neither,
            _ => Verdict::Failure,
        };
        self.tell_breaker(&job, verdict, out);
        match outcome {
            // Also when an interrupt was on its way: the result is there.
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

    /// Decides on an attempt that its worker took with it. `guilty`: it may be what killed the worker.
    pub(super) fn attempt_lost(
        &mut self,
        worker: WorkerId,
        flight: Flight<P>,
        guilty: bool,
        out: &mut Vec<Effect<P, R>>,
    ) {
        self.silence_flight(worker, &flight);
        let Some(mut job) = flight.job else { return };
        if flight.phase == Phase::Forced || guilty {
            self.tell_breaker(&job, Verdict::Failure, out);
            let failure = interrupted(&job, flight.phase);
            self.retry_or_fail(job, (worker, flight.started), failure, out);
        } else {
            self.tell_breaker(&job, Verdict::Neither, out);
            job.attempts -= 1;
            job.due = self.now;
            self.enqueue(job);
        }
    }

    fn tell_breaker(&mut self, job: &Job<P>, verdict: Verdict, out: &mut Vec<Effect<P, R>>) {
        let Some(change) = self.breakers.hear(&job.rules.kind, job.id, verdict, self.now) else {
            return;
        };
        let kind = job.rules.kind.clone();
        let event = match change {
            Change::Opened { failures, retry_after } => {
                self.stats.circuits_opened += 1;
                Event::CircuitOpened { kind, failures, retry_after }
            }
            Change::Closed => Event::CircuitClosed { kind },
        };
        out.push(Effect::Emit(event));
    }

    /// Does not start a task because its kind is held back. One that was tried before waits longer;
    /// one that was not fails, as it would if it was submitted now.
    pub(super) fn hold_back(
        &mut self,
        mut job: Job<P>,
        retry_after: Duration,
        out: &mut Vec<Effect<P, R>>,
    ) {
        if job.attempts == 0 {
            return self.settle(job, None, Err(Failure::CircuitOpen { retry_after }), out);
        }
        // Not at once, whatever the rules say: it would come back for ever.
        job.due = later(self.now, retry_after.max(Duration::from_millis(1)));
        self.enqueue(job);
    }

    fn retry_or_fail(
        &mut self,
        mut job: Job<P>,
        (worker, started): (WorkerId, Moment),
        failure: Failure<R>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let (task, attempt, retry) = (job.id, job.attempts, job.rules.retry);
        if !retry.allows_another(attempt) {
            return self.settle(job, Some((worker, started)), Err(failure), out);
        }
        self.letters
            .note(task, Lapse { attempt, failure, worker: Some(worker), at: self.instant() });
        let delay = retry.delay(attempt, &mut self.random);
        job.due = later(self.now, delay);
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

    /// Ends a task for good. `run` is the worker and the start of its running attempt.
    pub(super) fn settle(
        &mut self,
        job: Job<P>,
        run: Option<(WorkerId, Moment)>,
        result: Result<R, Failure<R>>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let (worker, started) = run.unzip();
        let (task, timing) = (job.id, job.timing(started, self.now));
        let attempt = timing.attempts;
        let counter = match &result {
            Ok(_) => &mut self.stats.completed,
            Err(Failure::QueueTimeout { .. } | Failure::Timeout { .. }) => {
                &mut self.stats.timed_out
            }
            Err(Failure::Aborted | Failure::Closed) => &mut self.stats.aborted,
            Err(_) => &mut self.stats.failed,
        };
        *counter += 1;
        // First the events: whoever keeps the task's name lets go of it when it is settled.
        if let (Ok(_), Some(worker)) = (&result, worker) {
            if self.tells.completed {
                let ran = timing.ran;
                out.push(Effect::Emit(Event::TaskCompleted { task, worker, attempt, ran }));
            }
        } else {
            let event = Event::TaskFailed { task, worker, attempt, retried: false };
            out.push(Effect::Emit(event));
        }
        let kept = match &result {
            Err(failure) if self.letters.are_kept() && is_death(failure) => {
                let lapse = Lapse { attempt, failure: failure.clone(), worker, at: self.instant() };
                self.bury(job, lapse, out)
            }
            _ => {
                self.letters.forget(task);
                false
            }
        };
        out.push(Effect::Settle { task, result, timing, kept });
    }

    /// Returns whether it is kept.
    fn bury(&mut self, job: Job<P>, lapse: Lapse<R>, out: &mut Vec<Effect<P, R>>) -> bool {
        let (task, attempt) = (job.id, lapse.attempt);
        let submitted = job.submitted.instant(self.start);
        let gone = self.letters.bury(job, submitted, lapse);
        let is_kept = self.letters.contains(task);
        if is_kept {
            let letters = self.letters.len();
            out.push(Effect::Emit(Event::TaskDeadLettered { task, attempt, letters }));
        }
        self.stats.dead_letters_dropped += gone.len() as u64;
        let gone = gone.into_iter().map(|task| Effect::Emit(Event::DeadLetterDropped { task }));
        out.extend(gone);
        is_kept
    }

    pub(super) fn abort(&mut self, task: TaskId, out: &mut Vec<Effect<P, R>>) {
        if let Some(job) = self.queue.remove(task) {
            return self.settle(job, None, Err(Failure::Aborted), out);
        }
        for worker in self.worker_ids() {
            let flights = &mut self.slots[worker.index()].flights;
            let Some(flight) = flights.get_mut(task).filter(|flight| flight.job.is_some()) else {
                continue;
            };
            let (started, phase, job) = (flight.started, flight.phase, flight.job.take());
            if let Some(job) = job {
                self.tell_breaker(&job, Verdict::Neither, out);
                self.settle(job, Some((worker, started)), Err(Failure::Aborted), out);
            }
            // A forced end is on its way already if its time was over.
            if phase == Phase::Running {
                self.interrupt(worker, task, Interruption::Abort, Phase::Signalled, out);
            }
            return;
        }
    }

    /// Goes on with a task that did not end in the time of its phase.
    pub(super) fn flight_overdue(
        &mut self,
        worker: WorkerId,
        task: TaskId,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let flight = self.slots[worker.index()].flights.get(task);
        match flight.expect("an alarm is silenced with its flight").phase {
            Phase::Running => {
                self.interrupt(worker, task, Interruption::Timeout, Phase::Forced, out);
            }
            Phase::Signalled => {
                self.interrupt(worker, task, Interruption::Abort, Phase::Forced, out);
            }
            Phase::Forced => {
                self.abandon(worker, Exit::Unresponsive, Guilt::One(task), out);
            }
        }
    }

    pub(super) fn interrupt(
        &mut self,
        worker: WorkerId,
        task: TaskId,
        why: Interruption,
        phase: Phase,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let force = phase == Phase::Forced;
        let grace = if force { self.config.terminate_grace } else { self.config.abort_grace };
        let at = later(self.now, grace);
        let slot = &mut self.slots[worker.index()];
        let generation = slot.generation;
        let flight = slot.flights.get_mut(task).expect("only what is in flight is interrupted");
        let before = flight.alarm.replace(Limit::Alarm(at));
        flight.phase = phase;
        let attempt = flight.attempt;
        self.silence(before, worker, task);
        self.set_flight_alarm(at, worker, task);
        out.push(Effect::Interrupt { worker, generation, task, attempt, why, force });
    }

    fn silence_flight(&mut self, worker: WorkerId, flight: &Flight<P>) {
        self.silence(flight.alarm, worker, flight.task);
    }

    fn silence(&mut self, limit: Option<Limit>, worker: WorkerId, task: TaskId) {
        match limit {
            Some(Limit::Timeout(ticket)) => self.timeouts.remove(ticket),
            Some(Limit::Alarm(at)) => {
                self.alarms.remove(&(at, Alarm::Flight(worker, task)));
            }
            None => {}
        }
    }

    fn set_flight_alarm(&mut self, at: Moment, worker: WorkerId, task: TaskId) -> Limit {
        self.set_alarm(at, Alarm::Flight(worker, task));
        Limit::Alarm(at)
    }

    /// Has a worker take no more tasks, because its isolate must not be used again.
    fn wear_out(&mut self, worker: WorkerId, why: Retirement) {
        let slot = &mut self.slots[worker.index()];
        slot.worn.get_or_insert(why);
        slot.state = WorkerState::Draining;
    }
}

/// Whether a task that was accepted has failed by itself, and not by its caller's will or patience.
fn is_death<R>(failure: &Failure<R>) -> bool {
    match failure {
        Failure::Failed(_)
        | Failure::Timeout { .. }
        | Failure::MemoryLimit
        | Failure::WorkerLost
        | Failure::CircuitOpen { .. } => true,
        Failure::QueueFull { .. }
        | Failure::QueueTimeout { .. }
        | Failure::Aborted
        | Failure::Closed => false,
    }
}

fn interrupted<P, R>(job: &Job<P>, phase: Phase) -> Failure<R> {
    match job.rules.timeout {
        Some(limit) if phase == Phase::Forced => Failure::Timeout { limit },
        // Nobody told it to end.
        _ => Failure::WorkerLost,
    }
}
