//! New tasks: accepted or refused, started or queued.
//!
//! A refused task is settled at once, and counts as rejected.

use crate::scheduler::effect::Effect;
use crate::scheduler::machine::lifetime::Lifetime;
use crate::scheduler::machine::scheduler::Scheduler;
use crate::scheduler::outcome::Failure;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::queue::job::Job;
use crate::scheduler::task::{Task, TaskId};
use crate::scheduler::timing::Timing;

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Accepts or refuses a task, and returns whether it was accepted.
    pub(in crate::scheduler) fn submit(
        &mut self,
        task: Task<P>,
        out: &mut Vec<Effect<P, R>>,
    ) -> bool {
        self.stats.submitted += 1;
        let refusal = if self.lifetime != Lifetime::Open {
            Some(Failure::Closed)
        } else if self.all_down {
            Some(Failure::WorkerLost)
        } else {
            let retry_after = self.breakers.retry_after(&task.kind, self.now);
            retry_after.map(|retry_after| Failure::CircuitOpen { retry_after })
        };
        if let Some(failure) = refusal {
            self.refuse(task.id, failure, out);
            return false;
        }
        let worker = if task.delay.is_zero() && !self.paused && !self.queue.has_due() {
            self.pick(task.longest_idle_first)
        } else {
            None
        };
        let limit = self.config.max_queue;
        if let Some(worker) = worker {
            let options = self.options.intern(&task);
            self.start(worker, Job::new(task, options, self.now), out);
        } else if self.queue.len() < limit {
            let options = self.options.intern(&task);
            self.enqueue(Job::new(task, options, self.now));
        } else {
            self.refuse(task.id, Failure::QueueFull { limit }, out);
            return false;
        }
        true
    }

    fn refuse(&mut self, task: TaskId, failure: Failure<R>, out: &mut Vec<Effect<P, R>>) {
        self.stats.rejected += 1;
        let timing = Timing::default();
        out.push(Effect::Settle { task, result: Err(failure), timing, dead_lettered: false });
    }

    pub(in crate::scheduler) fn retry_dead_letter(
        &mut self,
        dead_letter: TaskId,
        task: TaskId,
        out: &mut Vec<Effect<P, R>>,
    ) {
        // Copied first: the dead letter may be dropped for a task that fails in `advance`, and the new task
        // must be answered all the same.
        let task = self.dead_letters.get(dead_letter).map(|letter| letter.job.to_task(task));
        self.advance(None, out);
        if task.is_some_and(|task| self.submit(task, out)) {
            self.dead_letters.remove(dead_letter);
        }
    }

    /// Queues a job until a worker has room, or until it is due.
    pub(in crate::scheduler) fn enqueue(&mut self, job: Job<P>) {
        if job.due > self.now {
            self.tick_by(job.due);
        }
        if let Some(at) = job.expires() {
            self.tick_by(at);
        }
        self.queue.push(job, self.now);
    }
}
