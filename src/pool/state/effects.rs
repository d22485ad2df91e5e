//! Carries out the effects of the scheduler, as far as that is possible under the lock.
//!
//! Never blocks, starts or wakes a thread: that is added to the deferred actions.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::deferred::Deferred;
use super::handle::WorkerHandle;
use super::order::Order;
use super::state::{AbandonedWorker, MEMORY_CHECK_INTERVAL, PoolState};
use crate::metrics::TaskTimes;
use crate::pool::delivery::Delivery;
use crate::pool::wake_up::WakeUp;
use crate::scheduler::{Effect, Generation, Timing, WorkerId};

impl PoolState {
    pub(super) fn carry_out(&mut self, now: Instant, deferred: &mut Deferred) {
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Assign { worker, generation, task, attempt, payload } => {
                    if let Some(handle) = self.worker_handle(worker, generation) {
                        handle.assigned += 1;
                    }
                    self.next_memory_check.get_or_insert_with(|| now + MEMORY_CHECK_INTERVAL);
                    let order = Order::Run { task, attempt, job: payload };
                    self.order(worker, generation, order, deferred);
                }
                Effect::Settle { task, result, timing, dead_lettered } => {
                    self.recorder.record(&task_times(&timing), now);
                    let settled = Delivery::Settled { task, result, timing, dead_lettered };
                    self.deliveries.push(settled);
                }
                Effect::Interrupt { worker, generation, task, attempt, why, force } => {
                    if force {
                        let handle = self.worker_handle(worker, generation);
                        let interrupter = handle.and_then(|handle| handle.interrupter.clone());
                        deferred.terminate.extend(interrupter.map(|it| (it, task, attempt)));
                        let order = Order::End { task, attempt, why };
                        self.order(worker, generation, order, deferred);
                    } else {
                        self.order(worker, generation, Order::Signal { task, why }, deferred);
                    }
                }
                Effect::Spawn { worker, generation } => {
                    let wake_up = Arc::<WakeUp>::default();
                    self.set_handle(worker, WorkerHandle::new(generation, wake_up.clone()));
                    deferred.spawn.push((worker, generation, wake_up));
                }
                Effect::Retire { worker, generation, why } => {
                    // While it loads, it does not look for orders.
                    if let Some(handle) = self.worker_handle(worker, generation)
                        && handle.loading_until.is_some()
                    {
                        deferred.terminate_all.extend(handle.interrupter.clone());
                    }
                    self.order(worker, generation, Order::Retire(why), deferred);
                }
                Effect::Abandon { worker, generation } => {
                    self.end_callers_of(worker, generation, deferred);
                    let handle = self.worker_handle(worker, generation);
                    if let Some(interrupter) = handle.and_then(WorkerHandle::abandon) {
                        deferred.terminate_all.push(interrupter.clone());
                        self.abandoned.push(AbandonedWorker { worker, generation, interrupter });
                        self.next_memory_check.get_or_insert(now + MEMORY_CHECK_INTERVAL);
                    }
                }
                Effect::RequestHeartbeat { worker, generation } => {
                    if let Some(handle) = self.worker_handle(worker, generation) {
                        handle.wake_up.request_heartbeat();
                        deferred.wake.push(handle.wake_up.clone());
                        deferred.request_heartbeat.extend(handle.interrupter.clone());
                    }
                }
                Effect::Emit(event) => {
                    if self.outbox.wants(&event) {
                        self.deliveries.push(Delivery::Event(event));
                    }
                }
                Effect::Closed => {
                    self.closed = true;
                    deferred.closed = true;
                    self.deliveries.push(Delivery::Closed);
                }
            }
        }
        self.effects = effects;
        deferred.wake_javascript |=
            self.outbox.post(&mut self.deliveries, self.scheduler.waiting());
    }

    /// Puts an order into the mailbox of a worker.
    fn order(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        order: Order,
        deferred: &mut Deferred,
    ) {
        if let Some(handle) = self.worker_handle(worker, generation) {
            handle.orders.push_back(order);
            if !handle.wake_up.orders_pending.swap(true, Ordering::AcqRel) {
                deferred.wake.push(handle.wake_up.clone());
            }
        }
    }

    fn set_handle(&mut self, worker: WorkerId, handle: WorkerHandle) {
        let index = worker.0 as usize;
        if index < self.handles.len() {
            self.handles[index] = handle;
        } else {
            debug_assert_eq!(index, self.handles.len(), "slots are numbered in their order");
            self.handles.push(handle);
        }
    }
}

fn task_times(timing: &Timing) -> TaskTimes {
    let &Timing { waited, ran, total, attempts } = timing;
    TaskTimes { ran: (attempts > 0).then_some(ran), waited, total }
}
