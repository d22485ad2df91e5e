//! What the thread of a worker reports of its isolate, and the orders that it takes.
//!
//! Never decides about a task: that is up to the scheduler.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::Instant;

use super::deferred::Deferred;
use super::order::Order;
use super::state::PoolState;
use crate::isolate::{Interrupter, LoadError, Memory};
use crate::pool::delivery::Delivery;
use crate::scheduler::{Generation, Retirement, WorkerId};

impl PoolState {
    /// Moves the orders of a worker to the end of `orders`.
    pub fn take_orders(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        orders: &mut VecDeque<Order>,
    ) {
        match self.worker_handle(worker, generation) {
            Some(handle) => {
                handle.wake_up.orders_pending.store(false, Ordering::Release);
                orders.append(&mut handle.orders);
            }
            // It was abandoned while it hung, and has no handle any more.
            None => orders.push_back(Order::Retire(Retirement::Restart)),
        }
    }

    /// Notes that a worker is about to replace its isolate by another one, which may take until `until`.
    pub fn renewing(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        until: Instant,
    ) -> Deferred {
        self.renewed += 1;
        if let Some(handle) = self.worker_handle(worker, generation) {
            handle.renew(until);
        }
        let mut deferred = Deferred::default();
        self.wake_supervisor_earlier(&mut deferred);
        deferred
    }

    /// Notes that the isolate of a worker exists, and loads the worker script until `loading_until`.
    pub fn isolate_created(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        interrupter: Interrupter,
        loading_until: Instant,
    ) -> Deferred {
        if let Some(handle) = self.worker_handle(worker, generation) {
            handle.interrupter = Some(interrupter);
            handle.loading_until = Some(loading_until);
            // The time so far was not taken by the worker script.
            handle.overdue = false;
        }
        let mut deferred = Deferred::default();
        self.wake_supervisor_earlier(&mut deferred);
        deferred
    }

    /// Notes that the worker script is loaded. Returns false if that took too long and was stopped.
    pub fn isolate_loaded(
        &mut self,
        worker: WorkerId,
        generation: Generation,
        memory: Memory,
    ) -> bool {
        let Some(handle) = self.worker_handle(worker, generation) else { return false };
        if handle.overdue {
            return false;
        }
        handle.loading_until = None;
        handle.renewing = false;
        self.set_memory(worker, generation, memory);
        true
    }

    pub fn set_thread(&mut self, worker: WorkerId, generation: Generation, thread: JoinHandle<()>) {
        if let Some(handle) = self.worker_handle(worker, generation) {
            handle.thread = Some(thread);
        }
    }

    pub fn set_memory(&mut self, worker: WorkerId, generation: Generation, memory: Memory) {
        let threshold = self.memory_threshold;
        if let Some(handle) = self.worker_handle(worker, generation) {
            handle.set_memory(memory);
            let alert = handle.threshold_alert(worker, threshold);
            self.deliveries.extend(alert);
        }
    }

    /// Returns whether this worker was stopped because it took too long to load.
    pub fn is_overdue(&mut self, worker: WorkerId, generation: Generation) -> bool {
        self.worker_handle(worker, generation).is_some_and(|handle| handle.overdue)
    }

    /// Notes why a worker could not start. The report of its exit, which follows, wakes JavaScript.
    pub fn load_failed(&mut self, worker: WorkerId, error: LoadError) {
        self.deliveries.push(Delivery::LoadFailed { worker, error });
    }

    /// Notes why a worker was lost. The report of its exit, which follows, wakes JavaScript.
    pub fn crashed(&mut self, worker: WorkerId, message: String) {
        self.deliveries.push(Delivery::Crashed { worker, message });
    }
}
