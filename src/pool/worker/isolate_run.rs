//! The use of one isolate, from the first task to the last: exchanges reports for orders, and waits.
//!
//! Owns the isolate, and drops it on its own thread. Never runs a task under the lock of the pool.

use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::runtime::Runtime as Tokio;

use super::context::WorkerContext;
use super::idle_work::{IdleStep, IdleWork};
use super::load::retirement;
use crate::isolate::{Isolate, Job, release_start_memory, trim_memory};
use crate::pool::delivery::Answer;
use crate::pool::state::order::Order;
use crate::scheduler::{Exit, Input, Retirement};

/// Maximum number of tasks of the inbox that are passed on with one report.
const SUBMISSIONS: usize = 8;

pub struct IsolateRun<'a> {
    pub context: &'a WorkerContext<'a>,
    /// Not dropped by a panic, because V8 may be in the middle of an operation.
    pub isolate: ManuallyDrop<Isolate>,
    pub tokio: Rc<Tokio>,
    pub orders: VecDeque<Order>,
    pub reports: Vec<Input<Job, Answer>>,
    /// Whether the event loop has pending work.
    pub event_loop_active: bool,
    pub idle_work: IdleWork,
    /// Number of short tasks since the last memory check.
    pub short_tasks: u32,
    /// When the latest task ended, or the worker woke up. The clock is read once for each task.
    pub clock: Instant,
    /// Whether work that ended tasks have left in the isolate does not end.
    pub leftovers_stuck: bool,
    pub isolate_use: IsolateUse,
}

/// Which tasks an isolate has run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IsolateUse {
    /// No task has started in it.
    Unused,
    /// Tasks that share it.
    Shared,
    /// A task that has it for itself.
    Exclusive,
    /// A task that had it for itself and has ended: the isolate is replaced by another one.
    ExclusiveEnded,
}

impl IsolateRun<'_> {
    /// Executes orders until the isolate must not be used any more. Returns the orders that are left for
    /// another isolate.
    ///
    /// # Errors
    /// The exit of the worker, if there is no other isolate.
    pub fn run(mut self) -> Result<VecDeque<Order>, Exit> {
        let tokio = self.tokio.clone();
        let context = tokio.enter();
        let end = loop {
            self.exchange();
            if self.is_used_up() {
                // Ends now, so that the next task finds an isolate that is ready.
                break retirement(&self.orders).map_or(Ok(()), |why| Err(Exit::Retired(why)));
            }
            if let Some(end) = self.execute_orders() {
                break end;
            }
            if self.event_loop_active && self.reports.is_empty() && self.orders.is_empty() {
                self.run_event_loop();
            }
            if (self.isolate.is_broken() || self.leftovers_stuck) && !self.is_used_up() {
                // The scheduler runs elsewhere what is still in flight here.
                self.context.shared.handle(self.reports.drain(..));
                break Err(Exit::Retired(Retirement::PendingWork));
            }
        };
        // SAFETY: it is not used after this.
        unsafe { ManuallyDrop::drop(&mut self.isolate) };
        drop(context);
        drop(tokio);
        // Does not wait for what a task has left on a thread of tokio's own, such as a long hash.
        if let Some(tokio) = Rc::into_inner(self.tokio) {
            tokio.shutdown_background();
        }
        trim_memory(false);
        end.map(|()| self.orders)
    }

    /// Sends the reports and takes the next orders, under one lock. Waits for orders if there is nothing else
    /// to do.
    fn exchange(&mut self) {
        let WorkerContext { shared, worker, generation, wake_up, .. } = *self.context;
        let mut state = shared.state.lock();
        if !self.reports.is_empty() {
            // It takes its orders right after this, and must not be woken for them.
            wake_up.orders_pending.store(true, Ordering::Relaxed);
            let inputs = self.reports.drain(..).chain(shared.inbox.take(SUBMISSIONS));
            let deferred = state.handle(inputs, self.clock);
            state.take_orders(worker, generation, &mut self.orders);
            drop(state);
            shared.run_deferred(deferred);
            if !self.orders.is_empty() || self.event_loop_active || self.is_used_up() {
                return;
            }
            state = shared.state.lock();
        }
        state.take_orders(worker, generation, &mut self.orders);
        if self.orders.is_empty() && self.isolate.wants_to_prepare() {
            drop(state);
            self.isolate.prepare();
            state = shared.state.lock();
            state.take_orders(worker, generation, &mut self.orders);
        }
        if self.orders.is_empty() && !self.event_loop_active && shared.spin.begin() {
            drop(state);
            shared.spin.until(|| wake_up.has_orders());
            state = shared.state.lock();
            state.take_orders(worker, generation, &mut self.orders);
        }
        // Not reset in the loop: a wake-up for a heartbeat does not end the idle period.
        let idle_since = Instant::now();
        while self.orders.is_empty() && !self.event_loop_active {
            wake_up.answer_heartbeat();
            match self.idle_work.next(idle_since) {
                None => wake_up.idle.wait(&mut state),
                Some((step, at)) => {
                    if wake_up.idle.wait_until(&mut state, at).timed_out() {
                        drop(state);
                        self.do_idle_work(step);
                        state = shared.state.lock();
                    }
                }
            }
            state.take_orders(worker, generation, &mut self.orders);
        }
        drop(state);
        self.clock = Instant::now();
    }

    fn do_idle_work(&mut self, step: IdleStep) {
        match step {
            IdleStep::CollectGarbage => {
                self.isolate.collect_garbage();
                self.measure_memory();
            }
            IdleStep::ReleaseStartMemory => release_start_memory(),
        }
        self.idle_work.done(step);
    }

    /// Returns whether the isolate had one task to run, and that task has ended.
    fn is_used_up(&self) -> bool {
        self.isolate_use == IsolateUse::ExclusiveEnded
    }
}
