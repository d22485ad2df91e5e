//! The end of a task: its counters, its events, and whether it becomes a dead letter.
//!
//! The only place that settles an accepted task; it consumes the job, so that it happens once.

use crate::scheduler::effect::Effect;
use crate::scheduler::event::Event;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::outcome::Failure;
use crate::scheduler::policy::dead_letters::FailedAttempt;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::queue::job::Job;
use crate::scheduler::timestamp::Timestamp;
use crate::scheduler::worker::id::WorkerId;

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Settles a task. `run` is the worker and the start of its running attempt.
    pub(in crate::scheduler) fn settle(
        &mut self,
        job: Job<P>,
        run: Option<(WorkerId, Timestamp)>,
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
        // Events come first: a listener that maps ids to names drops the name on settlement.
        if let (Ok(_), Some(worker)) = (&result, worker) {
            if self.event_filter.completed {
                let ran = timing.ran;
                out.push(Effect::Emit(Event::TaskCompleted { task, worker, attempt, ran }));
            }
        } else {
            let event = Event::TaskFailed { task, worker, attempt, retried: false };
            out.push(Effect::Emit(event));
        }
        let dead_lettered = match &result {
            Err(failure) if self.dead_letters.is_enabled() && is_dead_letter(failure) => {
                let (failure, at) = (failure.clone(), self.now.to_instant(self.start));
                self.add_dead_letter(job, FailedAttempt { attempt, failure, worker, at }, out)
            }
            _ => {
                self.dead_letters.discard(task);
                false
            }
        };
        out.push(Effect::Settle { task, result, timing, dead_lettered });
    }

    /// Adds a dead letter if it is not too large, and returns whether it was added.
    fn add_dead_letter(
        &mut self,
        job: Job<P>,
        failure: FailedAttempt<R>,
        out: &mut Vec<Effect<P, R>>,
    ) -> bool {
        let (task, attempt) = (job.id, failure.attempt);
        let submitted = job.submitted.to_instant(self.start);
        let dropped = self.dead_letters.add(job, submitted, failure);
        let is_added = self.dead_letters.contains(task);
        if is_added {
            let dead_letters = self.dead_letters.len();
            out.push(Effect::Emit(Event::TaskDeadLettered { task, attempt, dead_letters }));
        }
        self.stats.dead_letters_dropped += dropped.len() as u64;
        let dropped = dropped.into_iter();
        out.extend(dropped.map(|task| Effect::Emit(Event::DeadLetterDropped { task })));
        is_added
    }
}

/// Returns whether an accepted task that failed with this becomes a dead letter: it failed by itself, and was
/// neither aborted nor timed out in the queue.
fn is_dead_letter<R>(failure: &Failure<R>) -> bool {
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
