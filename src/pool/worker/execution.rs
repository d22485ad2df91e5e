//! Executes orders in the isolate, and runs its event loop.
//!
//! Tasks run only from here, and never under the lock of the pool.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::isolate_run::{IsolateRun, IsolateUse};
use super::reports::SHORT_TASKS;
use crate::isolate::{Ended, Isolation, Job};
use crate::pool::state::order::Order;
use crate::scheduler::{Exit, Interruption, TaskId};

/// Run time from which on the memory is checked after a single task.
const LONG_TASK: Duration = Duration::from_millis(2);

/// Time in which work that an ended task has left must end, if nothing else is to be done.
const LEFTOVER_LIMIT: Duration = Duration::from_secs(5);

impl IsolateRun<'_> {
    /// Executes orders until there is something to report, or until the isolate must not be used any more.
    /// In the second case it returns the result of [`IsolateRun::run`].
    pub(super) fn execute_orders(&mut self) -> Option<Result<(), Exit>> {
        while self.reports.is_empty() {
            match self.orders.pop_front()? {
                Order::Run { task, attempt, job } => {
                    let is_used = self.isolate_use != IsolateUse::Unused;
                    if is_used && job.plan.isolation == Isolation::Isolate {
                        self.orders.push_front(Order::Run { task, attempt, job });
                        return Some(Ok(()));
                    }
                    self.start_task(task, attempt, &job);
                }
                Order::Signal { task, why } => {
                    let (message, name) = abort_reason(why);
                    self.isolate.signal(task.0, message, name);
                    self.event_loop_active = true;
                }
                Order::End { task, attempt, why } => {
                    let (message, name) = abort_reason(why);
                    if self.isolate.end(task.0, attempt, message, name) {
                        self.clock = Instant::now();
                        self.report(task, attempt, Ended::Interrupted);
                    }
                }
                Order::Retire(why) => return Some(Err(Exit::Retired(why))),
            }
            self.report_ended();
            if self.isolate.is_broken() {
                return None;
            }
        }
        None
    }

    fn start_task(&mut self, task: TaskId, attempt: u32, job: &Job) {
        self.idle_work.task_started();
        self.isolate_use = match job.plan.isolation {
            Isolation::Isolate => IsolateUse::Exclusive,
            Isolation::Shared | Isolation::Context => IsolateUse::Shared,
        };
        let started = self.clock;
        self.context.running.set(Some((task, attempt)));
        match self.isolate.begin(task.0, attempt, self.context.worker.0, job) {
            None => self.event_loop_active = true,
            Some(ended) => {
                self.clock = Instant::now();
                let is_long = self.clock.duration_since(started) >= LONG_TASK;
                self.short_tasks = if is_long { SHORT_TASKS } else { self.short_tasks + 1 };
                self.event_loop_active |= self.isolate.leftovers().is_some();
                self.report(task, attempt, ended);
            }
        }
    }

    /// Runs the event loop until a task ends or an order arrives.
    pub(super) fn run_event_loop(&mut self) {
        let Self { isolate, tokio, event_loop_active, context, leftovers_stuck, .. } = self;
        let wake_up = context.wake_up;
        let mut leftover_limit = pin!(sleep(LEFTOVER_LIMIT));
        tokio.block_on(poll_fn(|cx| {
            wake_up.event_loop.register(cx.waker());
            wake_up.answer_heartbeat();
            *event_loop_active = isolate.poll(cx).is_pending();
            if !*event_loop_active
                || isolate.has_ended()
                || isolate.is_broken()
                || wake_up.has_orders()
            {
                return Poll::Ready(());
            }
            *leftovers_stuck =
                isolate.leftovers().is_some() && leftover_limit.as_mut().poll(cx).is_ready();
            if *leftovers_stuck { Poll::Ready(()) } else { Poll::Pending }
        }));
        self.report_ended();
    }
}

/// Returns message and name of the DOMException that `ctx.signal` is aborted with.
fn abort_reason(why: Interruption) -> (&'static str, &'static str) {
    match why {
        Interruption::Timeout => ("the task ran out of time", "TimeoutError"),
        Interruption::Abort => ("the task was aborted", "AbortError"),
        Interruption::Shutdown => ("the pool is shutting down", "AbortError"),
    }
}
