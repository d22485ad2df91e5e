//! Creates an isolate and loads the worker script into it.
//!
//! Gives up when the worker is no longer wanted. Never executes an order in an isolate that is not ready.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime as Tokio};

use super::context::{AttemptId, WorkerContext};
use crate::isolate::{Isolate, LoadError};
use crate::pool::state::order::Order;
use crate::scheduler::{Exit, Input, Outcome, Retirement};

const GIVEN_UP: &str = "loading the worker script was given up";

const OVER_MEMORY: &str = "the worker script takes more memory than its isolate may have";

impl WorkerContext<'_> {
    /// Creates an isolate and loads the worker script into it. Orders that arrive meanwhile are appended to
    /// `orders`.
    pub(super) fn load(
        &self,
        orders: &mut VecDeque<Order>,
    ) -> Result<(Isolate, Rc<Tokio>), LoadError> {
        let Self { shared, worker, generation, .. } = *self;
        let given_up = || Err(LoadError { message: GIVEN_UP.to_owned(), ..Default::default() });
        if self.should_stop(orders) {
            return given_up();
        }
        // One runtime for each isolate: pending work of a task must not reach the next isolate.
        let tokio = Builder::new_current_thread().enable_time().build();
        let tokio = tokio.map_err(|error| LoadError {
            message: format!("cannot start an event loop: {error}"),
            ..Default::default()
        })?;
        let tokio = Rc::new(tokio);
        let context = tokio.clone();
        let _context = context.enter();
        let mut isolate = Isolate::new(&shared.isolate, tokio.clone(), self.hooks())?;
        let until = Instant::now() + shared.start_limit;
        let interrupter = isolate.interrupter();
        let deferred = shared.state.lock().isolate_created(worker, generation, interrupter, until);
        shared.run_deferred(deferred);
        // It can be interrupted from here on. It may have been abandoned before.
        if self.should_stop(orders) {
            return given_up();
        }
        if let Some(script) = &shared.isolate.script {
            let loaded = isolate.load(script, &tokio, |cx| {
                self.wake_up.event_loop.register(cx.waker());
                self.wake_up.answer_heartbeat();
                self.wake_up.has_orders() && self.should_stop(orders)
            });
            if loaded.is_err() && isolate.is_heap_exhausted() {
                return Err(LoadError { message: OVER_MEMORY.to_owned(), ..Default::default() });
            }
            loaded?;
        }
        let memory = isolate.memory();
        let is_loaded = shared.state.lock().isolate_loaded(worker, generation, memory);
        if !is_loaded || self.should_stop(orders) {
            return given_up();
        }
        Ok((isolate, tokio))
    }

    /// Takes the orders that arrived while no isolate can execute them, and returns whether the worker is
    /// no longer wanted.
    ///
    /// A task that is to end before it has started ends here, because its interrupt may have reached the
    /// previous isolate.
    fn should_stop(&self, orders: &mut VecDeque<Order>) -> bool {
        let Self { shared, worker, generation, .. } = *self;
        let is_overdue = {
            let mut state = shared.state.lock();
            state.take_orders(worker, generation, orders);
            state.is_overdue(worker, generation)
        };
        let withdrawn = withdraw(orders);
        if !withdrawn.is_empty() {
            shared.handle(withdrawn.into_iter().map(|(task, attempt)| Input::Finished {
                worker,
                generation,
                task,
                attempt,
                outcome: Outcome::Interrupted,
                retire: None,
            }));
        }
        is_overdue || retirement(orders).is_some()
    }

    /// Reports why there is no isolate, and returns how the worker ends.
    ///
    /// The scheduler runs the tasks among its orders elsewhere.
    pub(super) fn start_failed(&self, mut error: LoadError, mut orders: VecDeque<Order>) -> Exit {
        let Self { shared, worker, generation, .. } = *self;
        let mut state = shared.state.lock();
        state.take_orders(worker, generation, &mut orders);
        if let Some(why) = retirement(&orders) {
            return Exit::Retired(why);
        }
        if state.is_overdue(worker, generation) {
            error.message =
                format!("the worker script did not load within {:?}", shared.start_limit);
        }
        // The report of the exit, which follows, wakes JavaScript.
        state.load_failed(worker, error);
        Exit::StartFailed
    }
}

/// Returns the reason to retire, if that is among the orders.
pub(super) fn retirement(orders: &VecDeque<Order>) -> Option<Retirement> {
    orders.iter().find_map(|order| match order {
        Order::Retire(why) => Some(*why),
        _ => None,
    })
}

/// Removes the tasks that are to end and have not started, and returns them.
fn withdraw(orders: &mut VecDeque<Order>) -> Vec<AttemptId> {
    let mut withdrawn = Vec::new();
    for order in std::mem::take(orders) {
        if let Order::Signal { task, .. } | Order::End { task, .. } = order {
            let is_its_start =
                |order: &Order| matches!(order, Order::Run { task: other, .. } if *other == task);
            if let Some(at) = orders.iter().position(is_its_start) {
                if let Some(Order::Run { task, attempt, .. }) = orders.remove(at) {
                    withdrawn.push((task, attempt));
                }
                continue;
            }
        }
        orders.push_back(order);
    }
    withdrawn
}
