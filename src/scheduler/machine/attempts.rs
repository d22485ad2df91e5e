//! The life of a task from its start to its settlement: attempts, their deadlines, retries, aborts.

use std::time::{Duration, Instant};

use super::super::breaker::{Change, Verdict};
use super::super::job::{Job, later};
use super::super::letters::{Lapse, Weigh};
use super::super::worker::{Flight, Generation, Phase, WorkerId, WorkerState};
use super::super::{Effect, Event, Exit, Failure, Interruption, Outcome, Retirement, TaskId};
use super::fleet::Guilt;
use super::{Alarm, Scheduler};

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    pub(super) fn start(
        &mut self,
        worker: WorkerId,
        mut job: Box<Job<P>>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        self.breakers.admit(&job.kind, job.id);
        job.attempts += 1;
        // It limits the wait for the first start only.
        job.expires = None;
        let (task, attempt, started) = (job.id, job.attempts, self.now);
        let alarm = job.timeout.map(|limit| later(started, limit));
        if let Some(at) = alarm {
            self.alarms.insert((at, Alarm::Flight(worker, task)));
        }
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
        out.push(Effect::Emit(Event::TaskStarted { task, worker, attempt, waited }));
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
        let position = slot.flights.iter().position(|f| (f.task, f.attempt) == (task, attempt));
        let Some(position) = position else { return };

        let flight = slot.flights.swap_remove(position);
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
        job: Box<Job<P>>,
        (worker, started, phase): (WorkerId, Instant, Phase),
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
            Outcome::Done(result) => self.settle(*job, Some(run), Ok(result), out),
            Outcome::Failed { error, retryable: true } => {
                self.retry_or_fail(job, run, Failure::Failed(error), out);
            }
            Outcome::Failed { error, retryable: false } => {
                self.settle(*job, Some(run), Err(Failure::Failed(error)), out);
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
            self.queue.push(job, self.now);
        }
    }

    fn tell_breaker(&mut self, job: &Job<P>, verdict: Verdict, out: &mut Vec<Effect<P, R>>) {
        let Some(change) = self.breakers.hear(&job.kind, job.id, verdict, self.now) else { return };
        let kind = job.kind.clone();
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
        mut job: Box<Job<P>>,
        retry_after: Duration,
        out: &mut Vec<Effect<P, R>>,
    ) {
        if job.attempts == 0 {
            return self.settle(*job, None, Err(Failure::CircuitOpen { retry_after }), out);
        }
        // Not at once, whatever the rules say: it would come back for ever.
        job.due = later(self.now, retry_after.max(Duration::from_millis(1)));
        self.queue.push(job, self.now);
    }

    fn retry_or_fail(
        &mut self,
        mut job: Box<Job<P>>,
        (worker, started): (WorkerId, Instant),
        failure: Failure<R>,
        out: &mut Vec<Effect<P, R>>,
    ) {
        let (task, attempt, retry) = (job.id, job.attempts, job.retry);
        if !retry.allows_another(attempt) {
            return self.settle(*job, Some((worker, started)), Err(failure), out);
        }
        self.letters.note(task, Lapse { attempt, failure, worker: Some(worker), at: self.now });
        let delay = retry.delay(attempt, &mut self.random);
        job.due = later(self.now, delay);
        self.queue.push(job, self.now);
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
        run: Option<(WorkerId, Instant)>,
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
        let event = match (&result, worker) {
            (Ok(_), Some(worker)) => {
                Event::TaskCompleted { task, worker, attempt, ran: timing.ran }
            }
            _ => Event::TaskFailed { task, worker, attempt, retried: false },
        };
        // First the events: whoever keeps the task's name lets go of it when it is settled.
        out.push(Effect::Emit(event));
        let kept = match &result {
            Err(failure) if self.letters.are_kept() && is_death(failure) => {
                let lapse = Lapse { attempt, failure: failure.clone(), worker, at: self.now };
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
        let gone = self.letters.bury(job, lapse);
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
            return self.settle(*job, None, Err(Failure::Aborted), out);
        }
        for worker in self.worker_ids() {
            let flights = &mut self.slots[worker.index()].flights;
            let Some(flight) = flights.iter_mut().find(|f| f.task == task && f.job.is_some())
            else {
                continue;
            };
            let (started, phase, job) = (flight.started, flight.phase, flight.job.take());
            if let Some(job) = job {
                self.tell_breaker(&job, Verdict::Neither, out);
                self.settle(*job, Some((worker, started)), Err(Failure::Aborted), out);
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
        let flight = self.slots[worker.index()].flights.iter().find(|f| f.task == task);
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
        let flight = slot.flights.iter_mut().find(|f| f.task == task);
        let flight = flight.expect("only what is in flight is interrupted");
        if let Some(old) = flight.alarm.replace(at) {
            self.alarms.remove(&(old, Alarm::Flight(worker, task)));
        }
        self.alarms.insert((at, Alarm::Flight(worker, task)));
        flight.phase = phase;
        let attempt = flight.attempt;
        out.push(Effect::Interrupt { worker, generation, task, attempt, why, force });
    }

    fn silence_flight(&mut self, worker: WorkerId, flight: &Flight<P>) {
        if let Some(at) = flight.alarm {
            self.alarms.remove(&(at, Alarm::Flight(worker, flight.task)));
        }
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
    match job.timeout {
        Some(limit) if phase == Phase::Forced => Failure::Timeout { limit },
        // Nobody told it to end.
        _ => Failure::WorkerLost,
    }
}
