//! Takes one input at a time, and does what has become due.
//!
//! The order in here is a contract: results before timeouts, what is due before new tasks.

use std::time::Instant;

use super::alarm::{Alarm, MAX_PER_TICK};
use super::lifetime::Lifetime;
use super::scheduler::Scheduler;
use crate::scheduler::effect::Effect;
use crate::scheduler::event::Event;
use crate::scheduler::input::Input;
use crate::scheduler::policy::weight::Weigh;
use crate::scheduler::timestamp::Timestamp;
use crate::scheduler::worker::id::WorkerId;

impl<P: Clone + Weigh, R: Clone + Weigh> Scheduler<P, R> {
    /// Handles something that happened at `now`, and appends the decisions to `out`.
    ///
    /// Also does what has become due since the last call. A `now` that is earlier than that of a previous
    /// call counts as that one.
    pub fn handle(&mut self, input: Input<P, R>, now: Instant, out: &mut Vec<Effect<P, R>>) {
        self.now = self.now.max(Timestamp::from_instant(now, self.start));
        // What has become due comes before a new task. All other inputs come before what has become due:
        // a result that is there is no timeout.
        match input {
            Input::Submit(task) => {
                self.advance(None, out);
                self.submit(task, out);
            }
            Input::RetryDeadLetter { dead_letter, task } => {
                self.retry_dead_letter(dead_letter, task, out);
            }
            input => {
                let reporter = self.apply(input, out);
                self.advance(reporter, out);
            }
        }
        self.track_queue_depth();
        self.signal_backpressure(out);
        self.conclude(out);
    }

    /// Applies an input that is no submission, and returns the worker that may have room now.
    fn apply(&mut self, input: Input<P, R>, out: &mut Vec<Effect<P, R>>) -> Option<WorkerId> {
        match input {
            Input::Submit(_) | Input::RetryDeadLetter { .. } | Input::Tick => {}
            Input::ClearDeadLetters => self.dead_letters.clear(),
            Input::Heartbeat { worker, generation } => self.heartbeat(worker, generation),
            Input::Ready { worker, generation } => {
                self.ready(worker, generation, out);
                return Some(worker);
            }
            Input::Finished { worker, generation, task, attempt, outcome, retire } => {
                self.finished((worker, generation), (task, attempt), outcome, retire, out);
                return Some(worker);
            }
            Input::Exited { worker, generation, exit, culprit } => {
                self.exited(worker, generation, exit, culprit, out);
            }
            Input::Abort(task) => self.abort(task, out),
            Input::Scale(size) => self.scale(size, false, out),
            Input::Restart(worker) => self.restart(worker, out),
            Input::Pause => self.paused = self.lifetime == Lifetime::Open,
            Input::Resume => self.paused = false,
            Input::Close { drain_until } => {
                let until = drain_until.map(|until| Timestamp::from_instant(until, self.start));
                self.close(until, out);
            }
        }
        None
    }

    /// Does everything that is due, and starts what can start then.
    pub(super) fn advance(&mut self, reporter: Option<WorkerId>, out: &mut Vec<Effect<P, R>>) {
        if self.earliest_due <= self.now {
            self.run_due(out);
            // What becomes due at this same time is left to the next tick.
            self.earliest_due = self.first_due().unwrap_or(Timestamp::NEVER);
        }
        self.fail_waiting(out);
        self.dispatch(reporter, out);
    }

    fn run_due(&mut self, out: &mut Vec<Effect<P, R>>) {
        self.queue.promote(self.now, MAX_PER_TICK);
        if self.lifetime.deadline().is_some_and(|at| at <= self.now) {
            self.close_now(out);
        }
        while let Some((at, alarm)) = self.first_alarm()
            && at <= self.now
        {
            match alarm {
                Alarm::Attempt(worker, task) => self.attempt_overdue(worker, task, out),
                Alarm::Slot(worker) => self.slot_overdue(worker, out),
                Alarm::HeartbeatRound => {
                    self.alarms.pop_first();
                    self.run_heartbeat_round(out);
                }
                Alarm::AutoScale => self.review_size(out),
            }
        }
        for _ in 0..MAX_PER_TICK {
            let Some(job) = self.queue.expire(self.now) else { return };
            self.fail_expired(job, out);
        }
    }

    fn signal_backpressure(&mut self, out: &mut Vec<Effect<P, R>>) {
        let (depth, limit) = (self.queue.len(), self.config.max_queue);
        if self.under_backpressure && depth == 0 {
            self.under_backpressure = false;
            out.push(Effect::Emit(Event::Drain));
        } else if !self.under_backpressure && depth >= limit && depth > 0 {
            self.under_backpressure = true;
            out.push(Effect::Emit(Event::Backpressure { depth, limit }));
        }
    }
}
